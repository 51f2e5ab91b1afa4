# A takeover by a person's word starts PostgreSQL on a copy. The word may be wrong: an owner that hangs writes on when
# it wakes, until its beat steps it down. It does so in the directory that it has open, which has stepped aside by then,
# and not in the one on which the new owner works.

database_on_share() { shared_of "$(path_of /var/lib/pgsql)"; }

# database_copy_of EPOCH: where the copy lies that takes the database's place; complete under that name only.
database_copy_of() {
  printf '%s/.xcat-ha/takeover-%06d/%s\n' "$SHARE" "$((10#$1))" "$(basename "$(database_on_share)")"
}

# database_copy_facts: fills FACT[apart], the epoch of the owner before whose database's copy has yet to take its place,
# or nothing; and, where a word orders a takeover, the room for one. Between its two renames a switch that was cut has
# left no database: it is as good as there.
database_copy_facts() {
  local copy kind shared size epoch=${LEASE[over]:-}
  FACT[apart]=
  directories_wanted
  if [[ ${FACT[takeover_by]} == confirmation ]] && takeover_is_ordered; then
    shared=$(database_on_share)
    # Counting a large one takes longer than anybody waits: then rsync says that there is no room, and nothing was
    # touched.
    if size=$(share_do du -sk --apparent-size -- "$shared" 2>/dev/null); then
      FACT[needed]=$((FACT[needed] + ${size%%$'\t'*}))
      size=$(numfmt --to=iec --from-unit=1024 "${size%%$'\t'*}")
    fi
    FACT[copy]="${FACT[copy]:+${FACT[copy]}, }$shared (${size:-not counted within $SHARE_DEADLINE s})"
  fi
  [[ -n $epoch && (${FACT[lease]} == mine* || ${FACT[shared]} != present) ]] || return 0
  copy=$(database_copy_of "$epoch")
  kind=$(share_kind "$copy") || exit
  [[ $kind == directory ]] || return 0
  if [[ ${FACT[lease]} == mine* ]]; then
    FACT[apart]=$((10#$epoch))
  else
    shared=$(database_on_share)
    kind=$(share_kind "$shared") || exit
    [[ $kind != absent ]] || FACT[apart]=$((10#$epoch))
  fi
  [[ -z ${FACT[apart]} ]] || FACT[shared]=present
}

# database_unchanged SHARED COPY [NEXT]: what changes under a copy has a writer.
database_unchanged() {
  local difference
  difference=$(differences "$1" "$2") || exit
  [[ -z $difference ]] ||
    fail refused \
      "$1 changed since it was copied: somebody writes there; expected no change of a database whose owner, $PEER, \
is powered off" \
      "$(one_line "$difference")" \
      "find out whether $PEER runs: xcat-ha status at its console" \
      "where it hangs: power it off, then the same command again" "${@:3}"
}

# database_copy: ahead of the claim, so that a writer is found while the lease is untouched. One that was cut goes on.
database_copy() {
  local shared copy other
  directories_wanted
  shared=$(database_on_share)
  copy=$(database_copy_of "${TAKEOVER[epoch]}")
  rm -rf -- "$copy"
  mkdir -p -- "${copy%/*}"
  copy_directory "$shared" "$copy.part"
  database_unchanged "$shared" "$copy.part"
  sync -f "$copy.part"
  mv -T -- "$copy.part" "$copy"
  # Of older takeovers: behind the new one, for where a switch was cut theirs is all there is under the database's name.
  for other in "$SHARE"/.xcat-ha/takeover-*; do
    [[ $other == "${copy%/*}" || ! -e $other ]] || rm -rf -- "$other"
  done
}

# database_switch EPOCH: what its owner had open steps aside, for ever: nobody knows what it still writes there.
database_switch() {
  local shared copy kept kind
  directories_wanted
  shared=$(database_on_share)
  copy=$(database_copy_of "$1")
  kind=$(share_kind "$shared") || exit
  if [[ $kind != absent ]]; then
    database_unchanged "$shared" "$copy" \
      "where it was off, and the change is your own: rm -r ${copy%/*} first, and PostgreSQL starts on $shared"
    kept=$(fresh_name "$shared.epoch-$((10#$1))")
    lease_require "$shared"
    mv -T -- "$shared" "$kept"
    say "PostgreSQL starts on a copy of its directory; the one that $PEER had open is $kept: rm -r it when $PEER is \
known to have written nothing there since"
  fi
  lease_require "$shared"
  mv -T -- "$copy" "$shared"
  rmdir -- "${copy%/*}"
  sync -f "$SHARE/.xcat-ha"
}
