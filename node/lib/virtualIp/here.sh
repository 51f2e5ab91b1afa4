# The VIP on this node: is it here, put it here, take it away.

# virtualIp_entries: one line per occurrence on any interface: ADDRESS/PREFIX brd BROADCAST dev INTERFACE label LABEL
virtualIp_entries() {
  local addresses index word=() broadcast label=''
  addresses=$(all_addresses) || exit
  while read -r -a word; do
    [[ ${#word[@]} -gt 3 && ${word[3]%%/*} == "$1" ]] || continue
    broadcast=none
    for ((index = 4; index < ${#word[@]} - 1; index++)); do
      [[ ${word[index]} != brd ]] || broadcast=${word[index + 1]}
      # Before the backslash that ip shows instead of a newline.
      [[ ${word[index]} != *\\ ]] || label=${word[index]%\\}
    done
    printf '%s brd %s dev %s label %s\n' "${word[3]}" "$broadcast" "${word[1]}" "$label"
  done <<<"$addresses"
}

# virtualIp_is_here: without it every client of a running xcatd hangs (docs/xcat-facts.md, The VIP and its connections):
# nobody is asked then.
virtualIp_is_here() {
  local addresses
  addresses=$(all_addresses) || exit
  [[ $addresses == *" inet $VIP"[/\ ]* ]]
}

# virtualIp_drop: takes every occurrence away; the node's own address survives, also where the VIP was the first address
# of the subnet.
virtualIp_drop() { # ADDRESS
  local entry entries address interface
  entries=$(virtualIp_entries "$1") || exit
  [[ -z $entries ]] || virtualIp_announce_end
  while read -r address _ _ _ interface _; do
    [[ -n $address ]] || continue
    address_drop "$address" "$interface"
  done <<<"$entries"
  entry=$(virtualIp_entries "$1") || exit
  [[ -z $entry ]] || fail blocked "the VIP $1 is still on $NODE; expected it gone" "$entry" \
    "ip addr del $1 on $NODE, then run the same pulumi up again"
}

virtualIp_keep_static() {
  if ! has_address "${WANT[static]}" "${WANT[interface]}"; then
    ip addr add "${WANT[static]}" broadcast + dev "${WANT[interface]}"
  fi
}

virtualIp_add() {
  ip addr add "${WANT[ip]}/${WANT[prefix]}" broadcast + dev "${WANT[interface]}" label "${WANT[label]}" ||
    fail incomplete "the VIP could not be added; expected ${WANT[address]}" \
      "$(ip -o -4 addr show dev "${WANT[interface]}" 2>&1 | tr '\n' ' ')" \
      "check ${WANT[interface]} on $NODE, then run the same pulumi up again"
  virtualIp_announce_beside
  say "VIP ${WANT[ip]} is here, announced"
}
