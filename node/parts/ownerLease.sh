# ownerLease: the change of role, as one transaction on the node.

ownerLease_observe() {
  lease_read
  case ${LEASE[is]} in
    mine) SEEN[lease]="held by $NODE" ;;
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
  if [[ ${WANT[lease]} == not\ * ]]; then become standby; else become active; fi
}

# Epochs are never deleted; an owner is never destroyed (see destroyable).
ownerLease_remove() { :; }

# destroyable: refuses where this node is the owner, and a stack that does not manage it any more.
destroyable() {
  local manages
  manages=$(managing_stack)
  [[ -z $manages || -z ${WANT[stack]:-} || $manages == "${WANT[stack]}" ]] ||
    fail refused "$NODE is managed by the stack $manages; expected ${WANT[stack]}, which is to be destroyed; nothing was touched" "$(stack_record) on $NODE" \
      "pulumi stack rm --force ${WANT[stack]#*/}: forgets that stack and leaves the node alone"
  lease_read
  case ${LEASE[is]} in
    mine | mine-releasing | mine-rebooted)
      fail refused "$NODE holds the owner lease; expected a node that is not active before it is let go" "$(lease_sentence)" \
        "to let $NODE go: pulumi config set activeNode $PEER and pulumi up on both stacks, the one of $NODE first; then destroy again. To dissolve the pair and keep $NODE as a single node: docs/failover.md, Dissolving a pair"
      ;;
    other | other-releasing)
      [[ ${WANT[restoreFrom]:-} != shared ]] || fail refused "${LEASE[node]} runs the database that $NODE should copy back (restoreFrom: shared); expected nobody to" \
        "$(lease_sentence)" "let ${LEASE[node]} step down first: pulumi config set activeNode $NODE and pulumi up on the stack of ${LEASE[node]}. Or restoreFrom: aside in cluster.yaml, pulumi up here, then destroy again"
      ;;
  esac
}

# It has no state of its own.
destroyable_observe() { :; }
