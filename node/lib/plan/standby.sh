# The plan of a node that becomes a standby node, and of an activation that is rolled back.

plan_standby() {
  refuse_standby
  [[ -n $REFUSAL ]] || refuse_step_down
  [[ -z $REFUSAL ]] || return 0
  step record - "how the services were found${FACT[running]:+: now running ${FACT[running]}}"
  if [[ ${FACT[lease]} == mine && " ${FACT[running]} " == *" xcatd "* ]]; then
    step export end "the cluster data, before anything stops"
  fi
  case ${FACT[lease]} in
    mine | mine-releasing | mine-rebooted) plan_down "${FACT[sentence]}" "the other node may claim now" ;;
    *) plan_down ;;
  esac
}

# refuse_standby: what the lease, the first setup and the units say against it.
refuse_standby() {
  case ${FACT[lease]} in
    mine*)
      if [[ ${FACT[by]} == program && -n ${FACT[from_console]} ]]; then
        refuse held \
          "${FACT[node]} became the active node at its console, and the stack's config calls it a standby node; \
expected a config that has named it once before it steps down; nothing was touched" \
          "${FACT[sentence]}" \
          "pulumi config set activeNode ${FACT[node]} on both stacks, then pulumi up on the stack of ${FACT[node]}: \
from then on a flip steps it down" \
          "at its console: xcat-ha become standby"
        return
      fi
      ;;
    none)
      refuse refused "${FACT[node]} cannot be a standby node yet: ${FACT[sentence]}" \
        "shared directories: ${FACT[shared]}" "set up the active node first: pulumi up on the stack of ${FACT[peer]}"
      return
      ;;
  esac
  # Where the first setup is ours and not finished the local directories are the truth: a standby node would put them
  # aside.
  if ! first_setup_finished_or_ours || [[ ${FACT[shared]} != present && ${FACT[links]} != all ]]; then
    refuse_unfinished
    return
  fi
  # Only beside an owner: what is not there keeps nobody from stepping down.
  if [[ -n ${FACT[lacking]} && ${FACT[lease]} == other* ]]; then
    refuse_missing_units
  fi
}

# refuse_step_down: what would be in the way later, on this node or on the other one; the rest of it as notes.
refuse_step_down() {
  if [[ -n ${FACT[unfit]} && ${FACT[lease]} == other* ]]; then
    if joins; then
      refuse_unfit
      return
    fi
    step note "warning: PostgreSQL of ${FACT[node]} cannot run the database of the pair: ${FACT[unfit]}" \
      "that keeps nobody from stepping down"
  fi
  if [[ -n ${FACT[peer_unfit]} && ${FACT[lease]} == mine ]]; then
    refuse_peer_unfit
    return
  fi
  [[ -z ${FACT[peer_untold]} ]] ||
    step note "warning: whether ${FACT[peer]} has what ${FACT[node]} has, and could run the database, cannot be \
told: ${FACT[peer_untold]}" \
      "that keeps nobody from stepping down"
  note_unlike
  note_astray
  note_root_key
  if [[ -n ${FACT[traps]} ]]; then
    refuse_traps
    return
  fi
  # An ill xcatd is a reason to fail over.
  [[ -z ${FACT[traps_untold]} ]] ||
    step note "xCAT's tables could not be asked: ${FACT[traps_untold]}; whether make* would fail on ${FACT[peer]} \
is not known" \
      "that keeps nobody from stepping down"
}

# plan_rollback: back from an activation that failed under its own epoch. Without the export of one that steps down:
# nothing was served yet.
plan_rollback() { plan_down "the activation failed" "either node may claim now"; }

# plan_down [RELEASE RELEASED]: what is the active node's is taken back, and that is proven; inside a release, with its
# reasons, where the lease is ours.
plan_down() {
  (($# == 0)) || step release - "$1"
  plan_parts standby before "taken back, in reverse order"
  step prove - "no managed service and no process with the data directory"
  if (($#)); then
    step hosts keep "/etc/hosts, for the next owner"
    step released - "$2"
  fi
  plan_parts standby after "as on every standby node"
}
