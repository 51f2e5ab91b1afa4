# The addresses of this node.

# all_addresses: of this node, as ip shows them; without its answer nothing is "absent".
all_addresses() {
  local answer
  answer=$(ip -o -4 addr show 2>&1) ||
    fail unknown "the addresses of $NODE cannot be told; expected ip to show them" "ip -o -4 addr show: $answer" \
      "ip addr on $NODE; when it answers, run the same command again"
  # The loopback has one always.
  [[ -n $answer ]] ||
    fail unknown "the addresses of $NODE cannot be told; expected ip to show them" \
      "ip -o -4 addr show: it said nothing" "ip addr on $NODE; when it answers, run the same command again"
  printf '%s\n' "$answer"
}

# has_address ADDRESS/PREFIX INTERFACE: is it there right now?
has_address() {
  local answer
  answer=$(ip -o -4 addr show dev "$2" 2>&1) || {
    [[ $answer != *'does not exist'* ]] || return
    fail unknown "the addresses of $2 on $NODE cannot be told; expected to know whether $1 is among them" \
      "ip -o -4 addr show dev $2: $answer" "ip addr show dev $2 on $NODE; when it answers, run the same command again"
  }
  [[ $answer == *" inet $1 "* ]]
}

# address_drop ADDRESS/PREFIX INTERFACE: this one and no other. Without promote_secondaries, which is off by default,
# the kernel takes all addresses of a subnet away with its first one: then nothing is dropped.
address_drop() {
  local key=net.ipv4.conf.${2//.//}.promote_secondaries said
  said=$(sysctl -w "$key=1" 2>&1 </dev/null) ||
    fail blocked \
      "$key on $NODE cannot be set to 1; expected it before $1 goes, so that the kernel leaves the others of $2" \
      "$said" "sysctl -w $key=1 on $NODE, then run the same command again"
  said=$(ip addr del "$1" dev "$2" 2>&1) || ! has_address "$1" "$2" ||
    fail blocked "$1 is still on $2 of $NODE; expected it gone" "$said" \
      "ip addr del $1 dev $2 on $NODE, then run the same command again"
  networkmanager_forget "${1%/*}" "$2"
}
