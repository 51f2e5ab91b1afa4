# The hosts file follows the active node. xCAT keeps names in its database and addresses in /etc/hosts alone, where
# makedns and makedhcp look for them: a node that becomes active with an old file loses every cluster node that was
# added since, and says nothing (docs/xcat-facts.md, Addresses come from the hosts file).
#
#   SHARE/.xcat-ha/hosts/000007     /etc/hosts of the owner of epoch 7, as its last beat or its step down found it
#   /var/lib/xcat-ha/hosts.epoch    the last epoch in which this node's own file was the truth: it had taken the newest
#                                   one, or there was none
#   /var/lib/xcat-ha/hosts.before   the file that was replaced last
#   /run/xcat-ha/hosts.000007       the time stamp of what lies on the share
#
# Who has not taken the newest file in its epoch hands none on, neither to the share nor to the other node: it would
# bury the newer one.

hosts_directory() { printf '%s/.xcat-ha/hosts\n' "$SHARE"; }

# hosts_are_ours: /etc/hosts is the truth in the epoch of LEASE. Each beat asks it, and hosts_changed: builtins alone.
hosts_are_ours() {
  local epoch=
  { IFS= read -r epoch <"$RECORDS/hosts.epoch"; } 2>/dev/null || true
  [[ $epoch == "${LEASE[epoch]}" ]]
}

hosts_changed() {
  local stamp=$RUN/hosts.${LEASE[epoch]}
  # Older too: an admin may have put a former file back.
  [[ $HOSTS_FILE -nt $stamp || $HOSTS_FILE -ot $stamp ]]
}

# hosts_keep: where /etc/hosts has changed it goes to the share, for the epoch of LEASE. A failure is said, and false.
hosts_keep() {
  local said
  hosts_are_ours && hosts_changed || return 0
  said=$(hosts_write 2>&1) || {
    say "$HOSTS_FILE could not be kept on $SHARE: $(one_line "${said:-no answer within $SHARE_DEADLINE s}")"
    return 1
  }
}

# hosts_write: the stamp is taken before the content: what changes in between is another change.
hosts_write() {
  local content stamp=$RUN/hosts.${LEASE[epoch]}
  # A beat and a step down may both write: the older content must not come last. By a number that no look at the share
  # inherits.
  exec 8>>"$RUN/hosts.lock" || exit
  flock -w "$SHARE_DEADLINE" 8 || exit
  touch -r "$HOSTS_FILE" "$stamp.new" || exit
  content=$(head -c "$((HOSTS_LIMIT + 1))" -- "$HOSTS_FILE" | tr -d '\0' && printf .) || exit
  content=${content%.}
  if [[ $content != *[![:space:]]* ]] || ((${#content} > HOSTS_LIMIT)); then
    printf 'it has %s bytes; expected 1 to %s\n' "${#content}" "$HOSTS_LIMIT"
    exit 1
  fi
  share_do install -d -m 0755 "$(hosts_directory)" || exit
  printf %s "$content" | share_write "$(hosts_directory)/${LEASE[epoch]}" 0644 || exit
  mv -f -- "$stamp.new" "$stamp"
}

# hosts_keep_last: before the lease is let go. Its failure stops nobody, and must be read.
hosts_keep_last() {
  lease_read
  # Where another node took over meanwhile its file counts.
  [[ ${LEASE[is]} == mine* ]] || return 0
  if hosts_are_ours && hosts_keep; then return 0; fi
  say "warning: $HOSTS_FILE of $NODE is not on the shared data as it is now: $PEER would not get what was changed in \
it. Before $PEER becomes active: copy a hosts file that is right to $(hosts_directory)/${LEASE[epoch]}"
}

# hosts_take newest|own: makes /etc/hosts of the new owner the truth: as the newest owner left it, or as it is. A
# failover in the night does not fail for it, for most nodes are in an old file too; what could not be taken is said,
# here and by verify, until it was.
hosts_take() {
  local said answers next NEXT
  lease_require "$HOSTS_FILE"
  if ! hosts_are_ours; then
    install -d -m 0700 "$RECORDS" "$RUN"
    if [[ $1 == newest ]]; then
      # Out of a condition, in which half a file would be written (see part_look); a zero says that it came to its end.
      exec {answers}< <(
        set -e
        hosts_take_newest 2>&1
        printf '\0'
      )
      IFS= read -r -d '' -u "$answers" said || {
        said=${said:-it said nothing} said=${said#error: }
        say "warning: $HOSTS_FILE of $NODE may be old, and nodes that were added since be missing in DNS and DHCP: \
${said%%$'\n'*}"
        hosts_next
        for next in "${NEXT[@]}"; do say "next: $next"; done
        return 0
      }
      printf %s "$said"
    fi
    write_file "$RECORDS/hosts.epoch" 0600 <<<"${LEASE[epoch]}"
  fi
  hosts_keep || true
}

# hosts_next: into NEXT; a file that is broken for good is replaced by the admin's best one.
hosts_next() {
  local directory then="then xcat-ha become active, makedns and makedhcp -a on $NODE"
  directory=$(hosts_directory)
  NEXT=(
    "look at $directory on $NODE, $then"
    "copy a hosts file that is right over the newest one in $directory, $then"
  )
}

# hosts_fail CODE SEEN EVIDENCE [NEXT...]: fail, with what helps of each of these behind what helps of this one.
hosts_fail() {
  local NEXT
  hosts_next
  fail "$@" "${NEXT[@]}"
}

# hosts_take_newest: never one that is not newer than this node's own.
hosts_take_newest() {
  local newest own content file
  newest=$(hosts_newest) || exit
  own=$(hosts_own_epoch) || exit
  ((10#$newest > 10#$own)) || return 0
  file=$(hosts_directory)/$newest
  content=$(share_text "$file" "the addresses of the cluster's nodes") || exit
  [[ $content == *[![:space:]]* ]] ||
    hosts_fail unknown "$file is empty; expected the hosts file of epoch $newest" "$(share_do ls -la "$file" 2>&1)"
  hosts_merged <<<"$content" >"$RECORDS/hosts.new"
  hosts_with_our_names "$RECORDS/hosts.new"
  if ! cmp -s -- "$RECORDS/hosts.new" "$HOSTS_FILE"; then
    cp -a -- "$HOSTS_FILE" "$RECORDS/hosts.before"
    write_file "$HOSTS_FILE" 0644 <"$RECORDS/hosts.new"
    say "$HOSTS_FILE is that of epoch $((10#$newest)) now; the former one is $RECORDS/hosts.before"
  fi
  rm -f -- "$RECORDS/hosts.new"
}

# hosts_newest [SUFFIX]: the newest epoch that has a file, up to ours; 000000 where none has. SUFFIX: of the files
# beside the hosts files.
hosts_newest() {
  local files file suffix=${1:-} newest=000000
  # As for the lease: an NFS client then asks its server.
  files=$(share_do bash -c \
    'set -eu; mkdir -p -- "$1"; cd -- "$1"; probe=$(mktemp .probe.XXXXXX); rm -f -- "$probe"; LC_ALL=C ls -1' hosts \
    "$(hosts_directory)") ||
    hosts_fail unknown "$(hosts_directory) cannot be listed on $NODE; expected the newest owner's hosts file" \
      "the lines above; $SHARE $(share_state)"
  while IFS= read -r file; do
    [[ $file == *"$suffix" ]] || continue
    file=${file%"$suffix"}
    [[ ! $file =~ ^[0-9]{6}$ || $file > ${LEASE[epoch]} ]] || newest=$file
  done <<<"$files"
  printf '%s\n' "$newest"
}

hosts_own_epoch() {
  local epoch=000000
  [[ ! -e $RECORDS/hosts.epoch ]] || epoch=$(first_line "$RECORDS/hosts.epoch" 2>&1) || true
  [[ $epoch =~ ^[0-9]{6}$ ]] ||
    hosts_fail unknown \
      "$RECORDS/hosts.epoch on $NODE cannot be read; expected the epoch in which $HOSTS_FILE was the truth last" \
      "$epoch" "where $HOSTS_FILE is old: rm $RECORDS/hosts.epoch"
  printf '%s\n' "$epoch"
}

# hosts_merged: standard input, but with this node's loopback lines in the places of those in it; and where it does not
# have the own host name, with this node's line for that: without it makedns fails (see own_name_state), and so would
# the activation.
hosts_merged() {
  awk -v own="$HOSTS_FILE" -v host="$(hostname)" "$HOSTS_MERGED_AWK"
}

# hosts_with_our_names FILE: as this node's description wants them, whatever the newest owner's did.
hosts_with_our_names() {
  local HOSTS_FILE=$1
  local -A WANT=() SEEN=() BEFORE=()
  load_values active hostsEntry
  hostsEntry_apply >/dev/null
}

# hosts_row: of verify.
hosts_row() {
  local NEXT
  lease_read
  if ! hosts_are_ours; then
    hosts_next
    row failed "$HOSTS_FILE" "may be old: what the newest owner left was not taken" "${NEXT[@]}"
  elif hosts_changed; then
    row warning "$HOSTS_FILE" "is not on the shared data as it is now: the next beat, within $BEAT_SECONDS s, takes \
it there, or journalctl -u $BEAT_UNIT says why not"
  else
    row ok "$HOSTS_FILE" "on the shared data, epoch $((10#${LEASE[epoch]}))"
  fi
}
