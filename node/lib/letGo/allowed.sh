# Whether a node may be let go, and what must be so before it is.

# destroyable: refuses an owner, and a stack that does not manage this node any more, before anything is deleted.
destroyable() {
  local manages home
  manages=$(managing_stack) || exit
  [[ -z $manages || -z ${WANT[stack]:-} || $manages == "${WANT[stack]}" ]] ||
    fail refused \
      "$NODE is managed by the stack $manages; expected ${WANT[stack]}, which is to be destroyed; nothing was touched" \
      "$(stack_record) on $NODE" \
      "pulumi stack rm --force ${WANT[stack]#*/}: forgets that stack and leaves the node alone"
  # What it will run is the program that is installed.
  [[ -z ${WANT[program]:-} || $(digest "$PROGRAM") == @("${WANT[program]}"|absent) ]] ||
    fail misconfigured \
      "xcat-ha on $NODE is not the one of this checkout; expected the same before $NODE is let go; nothing was \
touched" \
      "sha256 of $PROGRAM: $(digest "$PROGRAM")" "pulumi up on the stack of $NODE, then destroy again"
  let_go_require
  home=$(dissolved_by) || exit
  [[ ${WANT[restoreFrom]:-} != shared || -n $home ]] || last_owner_require
}

# let_go_require: this node is not the owner, by a lease that can be read. The owner of a final epoch is letting itself
# go.
let_go_require() {
  local state
  state=$(share_state)
  [[ $state == ok ]] ||
    fail unknown \
      "$SHARE on $NODE $state; expected to know who owns the shared data before $NODE is let go. Its services stay \
stopped, its start guard stays" \
      "stat and findmnt -T $SHARE" \
      "mount the shared data on $NODE, then run the same command again" \
      "where it is lost for good: pulumi stack rm --force forgets the stack, and leaves $NODE and its start guard alone"
  lease_read
  case ${LEASE[is]} in
    mine | mine-releasing | mine-rebooted)
      [[ -n ${LEASE[dissolving]:-} ]] ||
        fail refused "$NODE holds the owner lease; expected a node that is not active before it is let go" \
          "$(lease_sentence)" \
          "to let $NODE go: pulumi config set activeNode $PEER and pulumi up on both stacks, the one of $NODE first; \
then destroy again" \
          "to dissolve the pair and keep $NODE as a single node: docs/failover.md, Dissolving a pair"
      ;;
  esac
}

# last_owner_require: the data goes home to the node that had it last (restoreFrom: shared), and while nobody runs it.
last_owner_require() {
  local instead="restoreFrom: aside in cluster.yaml, pulumi up here, then destroy again"
  lease_read
  case ${LEASE[is]} in
    other | other-releasing)
      fail refused \
        "${LEASE[node]} runs the database that $NODE should copy back (restoreFrom: shared); expected nobody to" \
        "$(lease_sentence)" \
        "let ${LEASE[node]} step down first: pulumi config set activeNode $NODE and pulumi up on the stack of \
${LEASE[node]}" "$instead"
      ;;
    released)
      [[ ${LEASE[machine]:-} == "$(machine_id)" ]] ||
        fail refused \
          "the data should go home to $NODE (restoreFrom: shared), but ${LEASE[node]} had it last; expected $NODE \
to be the last owner" \
          "$(lease_sentence)" \
          "destroy the stack of ${LEASE[node]} with restoreFrom: shared instead" \
          "make $NODE active once and let it step down" "$instead"
      ;;
  esac
}

# It has no state of its own.
destroyable_observe() { seen_as_told restoreFrom; }

# virtualIp_free_require: a node that takes production home answers for the VIP, or its services could not start again.
virtualIp_free_require() {
  local answer
  answer=$(virtual_ip_answer) || exit
  [[ $answer != @(arping|no\ route)\ * ]] ||
    fail unknown \
      "whether another machine has the VIP $VIP cannot be told; expected to know that nobody has before $NODE is \
the single node" \
      "$answer" "look at the interface of the VIP on $NODE (ip link, ip route), then run the same pulumi destroy again"
  [[ $answer == free || $answer == here ]] ||
    fail refused "another machine answers for the VIP $VIP; expected nobody, so that $NODE can be the single node" \
      "$answer" "ip addr del $VIP there, then run the same pulumi destroy again"
}

virtualIp_stays() {
  virtualIp_free_require
  load_values active virtualIp
  virtualIp_is_here || virtualIp_add
  say "the VIP $VIP is here until the next boot: make it a persistent address of ${WANT[interface]}"
}

# copies_left: what was taken home and is not in its place.
copies_left() {
  local directories directory
  directories=$(directories_wanted && linked_directories) || exit
  while read -r directory; do
    [[ ! -e $directory.xcat-ha-copy ]] || printf '%s.xcat-ha-copy\n' "$directory"
  done <<<"$directories"
}

require_disabled() {
  local unit
  for unit in "${UNITS[@]}"; do
    [[ $(unit_enabled "$unit") == 'not enabled' ]] ||
      fail blocked "$unit starts at the next boot of $NODE; expected it disabled before $NODE is let go" \
        "systemctl is-enabled $unit" "systemctl disable $unit on $NODE, then run the same command again"
  done
}
