# beat: every ten seconds the active node looks at the owner lease, shows that it lives, and steps down by itself where
# a newer epoch names another owner or the shared data is gone. A transient timer: nothing of it is there after a reboot
# (docs/design.md, The beat is a transient timer). And the standby node's watch of it (node/lib/watch/look.sh), which a
# boot brings back.

beat_observe() {
  local REPLY
  seen_as_told onShareLoss shareLossSeconds
  if units_show 'ActiveState UnitFileState' "$BEAT_UNIT.timer" "$WATCH_UNIT.timer" "$WATCH_UNIT"; then
    case ${SHOWN["0 ActiveState"]} in
      active) SEEN[timer]=running ;;
      inactive | failed) SEEN[timer]=absent ;;
    esac
    case ${SHOWN["1 ActiveState"]} in
      active | inactive | failed)
        SEEN[watch]=$(
          watch_state "${SHOWN["1 ActiveState"]}" "${SHOWN["1 UnitFileState"]:-}" "${SHOWN["2 ActiveState"]}"
        )
        ;;
    esac
  fi
  [[ -n ${SEEN[timer]:-} && -n ${SEEN[watch]:-} ]] ||
    fail unknown \
      "whether the beat runs on $NODE, and the watch of it, cannot be told; expected systemd to know \
$BEAT_UNIT.timer and $WATCH_UNIT" \
      "$(one_line "$REPLY")" \
      "systemctl show $BEAT_UNIT.timer $WATCH_UNIT.timer $WATCH_UNIT.service on $NODE; when it answers, run the same \
command again"
}

# beat_apply: the watch last: no change of role waits for it.
beat_apply() {
  beat_observe
  local watch=${SEEN[watch]}
  if [[ ${SEEN[timer]} == "${WANT[timer]}" ]]; then
    :
  elif [[ ${WANT[timer]} == running ]]; then
    beat_start
  else
    lease_read fresh
    [[ ${LEASE[is]} != @(mine|mine-releasing) ]] ||
      fail refused "$NODE holds the owner lease; expected it released before the beat ends" "$(lease_sentence)" \
        "pulumi up on the stack of $NODE: it steps $NODE down first"
    beat_stop
  fi
  if [[ $watch == "${WANT[watch]}" ]]; then
    :
  elif [[ ${WANT[watch]} == running ]]; then
    watch_start
  else
    watch_stop
  fi
}

beat_remove() {
  beat_stop
  watch_stop
  # Behind the watch, which would write it again.
  facts_forget
  beat_observe
  [[ ${SEEN[watch]} == absent ]] ||
    fail incomplete "the watch is still there on $NODE; expected it gone" "$WATCH_UNIT: ${SEEN[watch]}" \
      "systemctl disable --now $WATCH_UNIT.timer on $NODE, then run the same command again"
}
