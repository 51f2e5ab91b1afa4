# Takeover: the owner is dead and cannot step down. Its epoch is overridden on strong evidence alone: a fence that
# switched it off, or a person who says so; and never while it shows signs of life (docs/failover.md, The active node is
# dead).

# What was ordered: epoch, by (fence or confirmation) and reason; empty where no takeover was.
declare -gA TAKEOVER=()

# Seconds for which a node that is to become active waits for an owner that has not begun to step down; empty where it
# is not to.
HANDOVER=''

# takeover_ordered: moves what WANT holds of a takeover and of a handover, which are no values of a part, to TAKEOVER
# and HANDOVER.
takeover_ordered() {
  local key
  TAKEOVER=()
  for key in epoch by reason; do
    [[ -z ${WANT[takeover.$key]:-} ]] || TAKEOVER[$key]=${WANT[takeover.$key]}
    unset "WANT[takeover.$key]"
  done
  HANDOVER=${WANT[handover]:-}
  unset 'WANT[handover]'
}

# takeover_facts: what a takeover is judged by. Asked only where one is ordered of the epoch that is held: it takes
# SIGNS_SECONDS.
takeover_facts() {
  local seconds=$SIGNS_SECONDS
  FACT[takeover]=${TAKEOVER[epoch]:-} FACT[takeover_by]=${TAKEOVER[by]:-} FACT[takeover_reason]=${TAKEOVER[reason]:-}
  FACT[epoch]=$((10#${LEASE[epoch]})) FACT[signs]='' FACT[fence]=''
  if ! takeover_is_ordered || [[ -n ${FACT[dissolving]} ]]; then return 0; fi
  [[ ${FACT[takeover_by]} != fence ]] || FACT[fence]=$(fence_state)
  # What the fence makes silent is judged behind it: the run does not wait for a beat twice.
  [[ -z $ROLE || ${FACT[takeover_by]} != fence ]] || seconds=0
  FACT[signs]=$(signs_of_life "$seconds") || exit
  FACT[signs]=$(one_line "${FACT[signs]:-none}" ';')
}

# lease_take_over: the next epoch is ours, although nobody released the one before.
lease_take_over() {
  lease_read fresh
  if [[ ${LEASE[is]} == released ]]; then
    # It has stepped down after all.
    lease_claim "$LEASE_WAIT"
    return
  fi
  if [[ ${LEASE[is]} == other* && $((10#${LEASE[epoch]})) == "${TAKEOVER[epoch]}" ]]; then
    printf 'over %s\nevidence %s\nreason %s\n' "${LEASE[epoch]}" "${TAKEOVER[by]}" "${TAKEOVER[reason]}" |
      lease_publish_next || true
    lease_read fresh
    [[ ${LEASE[is]} != mine ]] ||
      notify takeover "$NODE takes over from $PEER, by ${TAKEOVER[by]}: ${TAKEOVER[reason]}; $(lease_sentence). \
Whether it serves: xcat-ha status on $NODE" || true
  fi
  [[ ${LEASE[is]} == mine ]] ||
    fail held "epoch ${TAKEOVER[epoch]} could not be taken over by $NODE; expected it to be the newest still" \
      "$(lease_sentence)" "xcat-ha status says who owns the shared data now; look there before anything else"
}

# takeover_at_console EPOCH EVIDENCE REASON: what the stack config orders else, typed on the node that takes over.
takeover_at_console() {
  local by
  case $2 in
    fence) by=fence ;;
    "$PEER is powered off") by=confirmation ;;
    *)
      fail usage \
        "evidence: seen '$2'; expected fence, or the words '$PEER is powered off' from somebody who has seen it" \
        "xcat-ha takeover EPOCH EVIDENCE REASON" \
        "xcat-ha takeover EPOCH fence REASON" "xcat-ha takeover EPOCH '$PEER is powered off' REASON"
      ;;
  esac
  [[ $1 =~ ^[1-9][0-9]{0,5}$ ]] ||
    fail usage "epoch: seen '$1'; expected the number of the epoch that $PEER holds" \
      "xcat-ha takeover EPOCH EVIDENCE REASON" "xcat-ha status names it"
  [[ $3 =~ [^[:space:]] && $3 != *$'\n'* ]] ||
    fail usage "reason: seen '$3'; expected one line of text, for whoever reads the epochs later" \
      "xcat-ha takeover EPOCH EVIDENCE REASON" "xcat-ha takeover $1 '$2' REASON"
  WANT=([takeover.epoch]=$1 [takeover.by]=$by [takeover.reason]=$3)
  run become active < <(document_write WANT)
}
