# What is said beside an epoch: its owner steps down, has stepped down, was named by its stack.

# lease_publish NAME: standard input becomes a file beside the epochs.
lease_publish() { share_publish .xcat-ha/epoch "$1"; }

# lease_mark MARK [fresh]: beside the epoch of LEASE, which is read again: whether the mark is there is asked, not
# believed.
lease_mark() {
  printf 'by %s\n' "$NODE" | lease_publish "${LEASE[epoch]}.$1" || true
  lease_read "${2:-}"
}

# lease_named: the config of this node's stack names it as the active node, which holds the lease. From here on a flip
# steps it down.
lease_named() {
  lease_read
  if [[ ${LEASE[is]} != mine ]] || ! lease_from_console; then return 0; fi
  lease_mark named
  [[ -n ${LEASE[named]:-} ]] ||
    fail incomplete \
      "the share did not take the mark that the stack of $NODE names it as the active node; expected \
$(lease_directory)/${LEASE[epoch]}.named" \
      "$(lease_sentence); $SHARE $(share_state)" \
      "look for a full disk or a quota on the share (df, df -i), then run the same pulumi up again"
}

# lease_begin_release: from here on the start guard refuses. Read back: what a guard lets start behind the proof is a
# second server.
lease_begin_release() {
  lease_read
  [[ ${LEASE[is]} == @(mine|mine-rebooted) ]] || return 0
  lease_mark releasing
  [[ ${LEASE[is]} != @(mine|mine-rebooted) || -n ${LEASE[releasing]:-} ]] ||
    fail incomplete \
      "epoch $((10#${LEASE[epoch]})) did not get the mark that its release has begun; expected \
$(lease_directory)/${LEASE[epoch]}.releasing before anything stops; nothing was stopped" \
      "$(lease_sentence); $SHARE $(share_state)" \
      "look for a full disk or a quota on the share (df, df -i), then run the same command again"
}

# lease_finish_release DATABASE_STATE: says that nothing of the epoch runs any more. Only after the proof.
lease_finish_release() {
  lease_read
  case ${LEASE[is]} in
    mine | mine-rebooted | mine-releasing)
      printf 'by %s\ndatabase %s\n' "$NODE" "$1" | lease_publish "${LEASE[epoch]}.released" || true
      lease_read
      [[ ${LEASE[is]} == released ]] ||
        fail incomplete "epoch ${LEASE[epoch]} could not be released" "$(lease_sentence)" "run the same command again"
      say "owner lease: epoch $((10#${LEASE[epoch]})) is released"
      ;;
  esac
}
