# ownerLease: the change of role, as one transaction on the node.

ownerLease_observe() {
  seen_as_told role
  lease_read
  case ${LEASE[is]} in
    mine)
      SEEN[lease]="held by $NODE"
      # To a stack alone, whose command then names the owner: at the console nothing is wrong with it.
      if [[ $ORIGIN == program ]] && lease_from_console; then SEEN[lease]+=", from its console"; fi
      ;;
    mine-rebooted) SEEN[lease]="held by $NODE before its last boot" ;;
    mine-releasing) SEEN[lease]="held by $NODE, release begun" ;;
    *)
      SEEN[lease]="not held by $NODE"
      # Who else holds it is no business of a standby node; where this one should be the owner it is the evidence.
      [[ ${WANT[lease]} == not\ * ]] || SEEN[lease]="not held by $NODE: $(lease_sentence)"
      ;;
  esac
}

ownerLease_apply() {
  if [[ ${WANT[lease]} == not\ * ]]; then
    become standby
  else
    become active
    lease_named
  fi
}

# Epochs are never deleted; an owner is never destroyed (see let_go_require).
ownerLease_remove() { :; }
