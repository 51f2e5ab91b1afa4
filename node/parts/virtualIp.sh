# virtualIp: the VIP with its label on the active node, and nowhere else (seed, "Configure VIP").

# all_addresses: of this node, as ip shows them; without its answer nothing is "absent".
all_addresses() {
  local answer
  answer=$(ip -o -4 addr show 2>&1) || fail unknown "the addresses of $NODE cannot be told; expected ip to show them" "ip -o -4 addr show: $answer" \
    "ip addr on $NODE; when it answers, run the same command again"
  printf '%s\n' "$answer"
}

# virtualIp_entries: one line per occurrence on any interface: ADDRESS/PREFIX brd BROADCAST dev INTERFACE label LABEL
virtualIp_entries() {
  local addresses
  addresses=$(all_addresses) || exit
  awk -v vip="$1" '
    { split($4, part, "/") }
    part[1] == vip {
      broadcast = "none"
      for (i = 5; i < NF; i++) {
        if ($i == "brd") broadcast = $(i + 1)
        if ($i ~ /\\$/) { label = $i; sub(/\\$/, "", label) }
      }
      print $4 " brd " broadcast " dev " $2 " label " label
    }' <<<"$addresses"
}

# virtualIp_is_here: without it every client of a running xcatd hangs (facts/xcat.md N1): nobody is asked then.
virtualIp_is_here() {
  local entries
  entries=$(virtualIp_entries "$VIP") || exit
  [[ -n $entries ]]
}

virtualIp_observe() {
  local entries
  seen_as_told ip prefix interface label static
  entries=$(virtualIp_entries "${WANT[ip]}") || exit
  entries=$(one_line "$entries")
  SEEN[address]=${entries:-absent}
}

# virtualIp_drop: takes every occurrence away; the node's own address survives, also where the VIP was the first address of the subnet.
virtualIp_drop() { # ADDRESS
  local entry entries address interface
  entries=$(virtualIp_entries "$1") || exit
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

# virtualIp_announce: without it a talking client is cut for half a minute (facts/failover.md 2c). Request and reply: some switches take only one;
# side by side, because each takes a second.
virtualIp_announce() {
  local kind pids=()
  for kind in -U -A; do
    arping -q "$kind" -c 1 -w 1 -I "${WANT[interface]}" "${WANT[ip]}" </dev/null >/dev/null 2>&1 &
    pids+=("$!")
  done
  # For no other child: one that looks at the share may never end.
  wait "${pids[@]}" || true
}

virtualIp_apply() {
  local former=''
  if [[ -n ${BEFORE[ip]:-} && ${BEFORE[ip]} != "${WANT[ip]}" ]]; then former=$(virtualIp_entries "${BEFORE[ip]}") || exit; fi
  if [[ -n $former ]]; then
    virtualIp_drop "${BEFORE[ip]}"
    virtualIp_keep_static
    say "former VIP ${BEFORE[ip]} dropped"
  fi
  virtualIp_observe
  if [[ ${WANT[address]} == absent ]]; then
    [[ ${SEEN[address]} == absent ]] || {
      virtualIp_drop "${WANT[ip]}"
      say "VIP ${WANT[ip]} dropped"
    }
    virtualIp_keep_static
    return 0
  fi
  [[ ${SEEN[address]} != "${WANT[address]}" ]] || return 0
  lease_require "the VIP"
  virtualIp_drop "${WANT[ip]}"
  virtualIp_keep_static
  virtualIp_add
}

virtualIp_add() {
  ip addr add "${WANT[ip]}/${WANT[prefix]}" broadcast + dev "${WANT[interface]}" label "${WANT[label]}" ||
    fail incomplete "the VIP could not be added; expected ${WANT[address]}" "$(ip -o -4 addr show dev "${WANT[interface]}" 2>&1 | tr '\n' ' ')" \
      "check ${WANT[interface]} on $NODE, then run the same pulumi up again"
  virtualIp_announce
  say "VIP ${WANT[ip]} is here, announced"
}

virtualIp_remove() {
  virtualIp_drop "${WANT[ip]}"
  virtualIp_keep_static
}
