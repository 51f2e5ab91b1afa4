# The verbs of the whole node.

# verb_plan ROLE: the steps, or the refusal.
verb_plan() {
  local steps
  takeover_ordered
  observe_facts "$1"
  steps=$(plan)
  refuse_or_pass "$steps"
  printf '%s\n' "$steps"
}

# verb_withdraw: what waits here for the owner lease ends, by the order to be what this node is: a standby node.
verb_withdraw() { "$PROGRAM" become standby </dev/null; }

verb_become() {
  ORIGIN=console
  takeover_ordered
  become "$1"
}

# resume_at_console: the order that the newest epoch is in the middle of, where it is this node's.
resume_at_console() {
  lease_read
  case ${LEASE[is]} in
    mine | mine-rebooted) run become active </dev/null ;;
    mine-releasing) run become standby </dev/null ;;
    *)
      fail held "$NODE does not hold the newest epoch; expected to go on with what it was doing; nothing was touched" \
        "$(lease_sentence)" "xcat-ha plan active: whether this node can become active" \
        "xcat-ha plan standby: whether it can become a standby node"
      ;;
  esac
}

# verify_require: the active node, and a place for what the checks write down.
verify_require() {
  install -d -m 0700 "$RUN"
  lease_read
  [[ ${LEASE[is]} == mine ]] ||
    fail held "$NODE is not the active node; expected to verify the one that is" "$(lease_sentence)" \
      "xcat-ha verify on ${LEASE[node]:-the active node}"
}

# verb_verify: for a person at the console, on the active node.
verb_verify() {
  local table
  verify_require
  table=$(verify_table)
  printf '%s\n' "$table"
  passed "$table" ||
    fail incomplete "checks of the active node failed" "the rows 'failed' above" \
      "correct what they name; pulumi up repairs what is ours"
}

# verb_checks: the same for the workstation, rows between tabs. By the description that was delivered, as at the
# console.
verb_checks() {
  load_settings
  verify_require
  verify_lines
}

# verb_status: what this node is, for a person at the console.
verb_status() {
  local unit frozen watch
  printf '%-16s %s\n' node "$NODE"
  # First what needs no share.
  watch=$(watch_sentence)
  [[ -z $watch ]] || printf '%-16s %s\n' watch "$watch"
  lease_read
  frozen=$(frozen) || exit
  printf '%-16s %s\n' lease "$(lease_sentence)" share "$SHARE: $(share_state)"
  printf '%-16s %s\n' "$PEER" "$(facts_sentence)"
  [[ -z $frozen ]] || printf '%-16s %s\n' frozen "$frozen"
  load_values active virtualIp
  virtualIp_observe
  printf '%-16s %s\n' VIP "${SEEN[address]}"
  directories_wanted
  printf '%-16s %s\n' links "$(links_state)"
  units_look_whole "${UNITS[@]}"
  for unit in "${UNITS[@]}"; do
    printf '%-16s %s, %s\n' "$unit" "${UNIT_STATE[$unit]}" "${UNIT_ENABLED[$unit]}"
  done
}
