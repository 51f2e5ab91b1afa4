# The plan where another node holds the lease: it is waited for, or taken over.

# takeover_is_ordered: of the epoch that is held now. One of an older epoch is used up.
takeover_is_ordered() {
  [[ ${FACT[lease]} == other* && -n ${FACT[takeover]} && ${FACT[takeover]} == "${FACT[epoch]}" ]]
}

# handover_may_be: ordered; and no database has yet to step aside, which its owner may do meanwhile.
handover_may_be() { [[ ${FACT[handover]} =~ ^[1-9][0-9]{0,3}$ && -z ${FACT[apart]} ]]; }

takeover_used_up() { [[ -n ${FACT[takeover]} ]] && ((FACT[takeover] < FACT[epoch])); }

# refuse_held: with what to type for each of what may be the case.
refuse_held() {
  local used=''
  if takeover_used_up; then
    used=". The takeover of epoch ${FACT[takeover]} in the stack config is used up"
  elif [[ -n ${FACT[takeover]} ]]; then
    used=". The stack config orders a takeover of epoch ${FACT[takeover]}, which does not exist"
  fi
  refuse held "${FACT[node]} should be active, but ${FACT[sentence]}$used; nothing was touched" \
    "the newest epoch names ${FACT[holder]}" \
    "let ${FACT[holder]} step down: pulumi config set activeNode ${FACT[node]} and pulumi up on the stack of \
${FACT[holder]}, then here again" \
    "where ${FACT[holder]} should stay active: pulumi config set activeNode ${FACT[holder]} here" \
    "where ${FACT[holder]} is dead: docs/failover.md, The active node is dead (takeover.epoch ${FACT[epoch]})"
}

# takeover_may_be: else a refusal. Without a fence a sign of life is final; with one it is judged again behind the
# fence.
takeover_may_be() {
  case ${FACT[takeover_by]}/${FACT[fence]} in
    confirmation/*)
      [[ ${FACT[signs]} != none ]] || return 0
      refuse refused \
        "${FACT[peer]} shows signs of life; expected none of a node that is powered off; nothing was touched" \
        "${FACT[signs]}" \
        "let ${FACT[peer]} step down where it runs: pulumi up on its stack" \
        "where it hangs: power it off, then the same command again"
      ;;
    fence/on | fence/off) return 0 ;;
    fence/absent)
      refuse misconfigured \
        "there is no $FENCE on ${FACT[node]}; expected the command that switches ${FACT[peer]} off; nothing was \
touched" \
        "stat $FENCE" \
        "docs/failover.md, A fence, says what it must do" \
        "power ${FACT[peer]} off by hand, and takeover.confirm instead of takeover.fence"
      ;;
    *)
      refuse misconfigured \
        "the fence does not say whether ${FACT[peer]} is on; expected $FENCE status ${FACT[peer]} to print on or \
off; nothing was touched" \
        "${FACT[fence]}" \
        "make it work on ${FACT[node]}" \
        "power ${FACT[peer]} off by hand, and takeover.confirm instead of takeover.fence"
      ;;
  esac
  return 1
}

# plan_takeover: before anything of this node is touched.
plan_takeover() {
  step note "takeover: ${FACT[sentence]}; signs of life of ${FACT[peer]}: ${FACT[signs]}" \
    "asked: SSH, ARP for its address and for the VIP, its beat"
  if [[ ${FACT[takeover_by]} == fence ]]; then
    step fence - "$FENCE off ${FACT[peer]}, which is ${FACT[fence]} now; then read back, twice"
    step judge - "what of ${FACT[peer]} still answers then is a refusal"
  else
    step copy - "the database: ${FACT[copy]}. Should ${FACT[peer]} live after all, it writes on in the one that it \
has open, and not where ${FACT[node]} works"
  fi
}

# claim_over_head: whose epoch, on what evidence, and why.
claim_over_head() {
  local by="a person's word"
  [[ ${FACT[takeover_by]} != fence ]] || by='the fence'
  step claim takeover "epoch ${FACT[epoch]} of ${FACT[holder]} is overridden, by $by: ${FACT[takeover_reason]}"
}
