# How a node becomes the owner: the epoch behind the newest one gets its name.

readonly CLAIM_TRIES=10
readonly LAST_EPOCH=999999

# lease_try: all that a claim needs of the share, tried before anything stops for it: files, link(2) and an id. The
# change of role does it, and no plan: a preview changes nothing, on the share neither.
lease_try() {
  local name answer
  next_epoch_require
  dissolved_refuse
  name=$(lease_directory)/.try.$NODE
  # Of the size of a block, and by the code that claims. One that a cut try has left would be in its way.
  answer=$({ share_do rm -f -- "$name" && head -c 4096 /dev/zero | lease_publish "${name##*/}" &&
    share_do rm -f -- "$name"; } 2>&1) || {
    [[ $? -lt 124 ]] || answer="no answer within $SHARE_DEADLINE s"
    fail misconfigured \
      "the share takes no epoch of $NODE; expected to make a file and a hard link to it in $(lease_directory) \
before the services stop for it; nothing was stopped" \
      "$(one_line "${answer:-no answer}")" \
      "look for a full disk, a quota or a file system without hard links (df, df -i, findmnt -T $SHARE), then run the \
same command again"
  }
  share_identify
}

# lease_claim WAIT [EPOCH]: makes this node in this boot the owner. Waits up to WAIT seconds for one that steps down,
# saying for whom; for the owner of EPOCH alone, where that is given: what was planned for it holds for no later one.
lease_claim() {
  local wait=$1 started=$SECONDS told=-2 failed=0
  while :; do
    lease_read fresh
    [[ -z ${2:-} || ${LEASE[is]} == mine || $((10#${LEASE[epoch]})) == "$2" ]] ||
      fail held \
        "epoch $2, for whose release $NODE waited, is not the newest any more; expected it to be; nothing was started" \
        "$(lease_sentence)" "xcat-ha status on both nodes says who runs; then the same command again"
    case ${LEASE[is]} in
      mine) return 0 ;;
      other | other-releasing)
        # What it holds will be old: there is nothing to wait for.
        if [[ -n ${LEASE[dissolving]:-} ]] || ((SECONDS - started >= wait)); then
          fail held "$(lease_sentence); $NODE waited $((SECONDS - started)) s for it" \
            "$(lease_directory)/${LEASE[epoch]}.owner" \
            "let ${LEASE[node]} step down first: pulumi config set activeNode $NODE and pulumi up on the stack of \
${LEASE[node]}"
        fi
        if ((SECONDS - started >= told + 2)); then
          told=$((SECONDS - started))
          say "waiting for the owner lease, $told of at most $wait s: $(lease_sentence)"
        fi
        # Nothing was started yet: this wait is as good as a boundary between two steps.
        [[ ! -e $RUN/supersede ]] ||
          fail superseded "$NODE no longer waits for the owner lease" "another order came in; $(lease_sentence)" \
            "nothing: the other order goes on"
        sleep 0.2
        ;;
      *)
        # Behind the lease: the mark is on the share before the final epoch is let go.
        dissolved_refuse
        # Another node was faster, which the next look shows; or the share takes no file, which no look ends.
        lease_publish_next </dev/null || ((++failed < CLAIM_TRIES)) ||
          fail incomplete \
            "the share did not take the epoch behind ${LEASE[epoch]}, $failed times; expected a file in \
$(lease_directory)" \
            "$(lease_sentence); $SHARE $(share_state)" \
            "look for a full disk or a quota on the share (df, df -i), then run the same command again"
        ;;
    esac
  done
}

# next_epoch_require: an epoch has six digits.
next_epoch_require() {
  ((10#${LEASE[epoch]:-0} < LAST_EPOCH)) ||
    fail misconfigured \
      "epoch $LAST_EPOCH is the last one that can be; expected a lower one as the newest: no pair changes its owner \
that often" \
      "$(lease_directory)/$LAST_EPOCH.owner" \
      "find out who made that file on the share, move it away with $LAST_EPOCH.released, then run the same command \
again"
}

# lease_publish_next: the epoch behind the newest names this node; more lines of it come on standard input. False where
# another was faster.
lease_publish_next() {
  local next
  next_epoch_require
  # Below a mount point that lost its share it would be an epoch that nobody else sees.
  share_require
  next=$(printf '%06d' "$((10#${LEASE[epoch]} + 1))")
  {
    printf 'node %s\nmachine %s\nboot %s\ntime %s\norigin %s\nformat %s\n' \
      "$NODE" "$(machine_id)" "$(boot_id)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$ORIGIN" "$FORMAT"
    [[ -z ${LEASE[node]:-} ]] || printf 'from %s\n' "${LEASE[node]}"
    cat
  } | lease_publish "$next.owner" || return
  say "owner lease: epoch $((10#$next)) is ours"
}

# lease_claim_final: the final epoch of the pair, for its last owner (see last_owner_require); the one of a run that was
# cut goes on.
lease_claim_final() {
  lease_read fresh
  if [[ ${LEASE[is]} == released ]]; then
    lease_publish_next <<<'dissolving yes' || true
    lease_read fresh
  fi
  [[ -n ${LEASE[dissolving]:-} && ${LEASE[is]} == @(mine-releasing|mine-rebooted) ]] ||
    fail held \
      "the final epoch of the pair could not be claimed by $NODE; expected nobody else to hold the owner lease; \
nothing was copied" \
      "$(lease_sentence)" \
      "xcat-ha status on both nodes says who runs; let that node step down, then run the same command again"
  # For a program of the other node that knows no final epochs. Whether it is there is asked, not believed.
  lease_mark releasing fresh
  [[ -n ${LEASE[releasing]:-} ]] ||
    fail incomplete \
      "the share did not take the mark that epoch ${LEASE[epoch]} is being released; expected it before the data is \
taken home; nothing was copied" \
      "$(lease_directory)/${LEASE[epoch]}.releasing; $SHARE $(share_state)" \
      "look for a full disk or a quota on the share (df, df -i), then run the same pulumi destroy again"
}
