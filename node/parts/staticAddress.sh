# staticAddress: the node's own persistent address, which SSH uses from the first setup on (seed, "Configure VIP").
# The VIP is never persistent.

readonly INTERFACES=/etc/network/interfaces

# has_address ADDRESS/PREFIX INTERFACE: is it there right now?
has_address() {
  ip -o -4 addr show dev "$2" 2>/dev/null | awk -v wanted="$1" '$4 == wanted { found = 1 } END { exit !found }'
}

# ifupdown_file INTERFACE: the file whose stanza makes the interface static, or nothing.
ifupdown_file() {
  grep -lE "^[[:space:]]*iface[[:space:]]+$1[[:space:]]+inet[[:space:]]+static" "$INTERFACES" "$INTERFACES".d/* 2>/dev/null | head -n 1 || true
}

# ifupdown_address INTERFACE FILE: ADDRESS/PREFIX of its stanza.
ifupdown_address() {
  awk -v interface="$1" '
    $1 == "iface" { mine = ($2 == interface && $3 == "inet") }
    mine && $1 == "address" { address = $2 }
    mine && $1 == "netmask" { mask = $2 }
    END {
      if (address ~ /\//) { print address; exit }
      if (split(mask, part, ".") == 4) {
        bits = 0
        for (i = 1; i <= 4; i++) for (value = part[i]; value > 0; value = int(value / 2)) bits += value % 2
        mask = bits
      }
      print address "/" mask
    }' "$2"
}

staticAddress_observe() {
  local file
  if has_address "${WANT[address]}" "${WANT[interface]}"; then SEEN[address]=${WANT[address]}; else SEEN[address]=absent; fi
  file=$(ifupdown_file "${WANT[interface]}")
  if [[ -n $file ]]; then
    SEEN[persistent]=$(ifupdown_address "${WANT[interface]}" "$file")
  else
    SEEN[persistent]="no static stanza for ${WANT[interface]} in $INTERFACES"
  fi
}

# staticAddress_add: at run time only, and only when no other machine answers for it.
staticAddress_add() {
  local address=${WANT[address]%/*} answer
  has_address "${WANT[address]}" "${WANT[interface]}" && return 0
  if ! answer=$(arping -D -c 2 -w 2 -I "${WANT[interface]}" "$address" 2>&1 </dev/null) && grep -q 'Received [1-9]' <<<"$answer"; then
    fail refused "another machine answers for $address; expected nobody before $NODE takes it as its static address" \
      "$(grep -i 'reply from' <<<"$answer" | head -n 1)" "choose a free nodes.$NODE.address in cluster.yaml"
  fi
  ip addr add "${WANT[address]}" broadcast + dev "${WANT[interface]}" ||
    fail incomplete "ip addr add ${WANT[address]} dev ${WANT[interface]} failed; expected the address" \
      "$(ip -o -4 addr show dev "${WANT[interface]}" 2>&1 | tr '\n' ' ')" "check the interface on $NODE, then pulumi up again"
  say "static address ${WANT[address]} added on ${WANT[interface]}"
}

staticAddress_apply() {
  local file stanza
  staticAddress_add
  file=$(ifupdown_file "${WANT[interface]}")
  [[ -n $file ]] || fail misconfigured "nothing that is supported owns ${WANT[interface]}; expected a static stanza of ifupdown" \
    "no 'iface ${WANT[interface]} inet static' in $INTERFACES or $INTERFACES.d" \
    "make ${WANT[address]} the persistent address of ${WANT[interface]} with ifupdown on $NODE, then pulumi up again"
  [[ $(ifupdown_address "${WANT[interface]}" "$file") != "${WANT[address]}" ]] || return 0
  install -d -m 0700 "$RECORDS"
  cp -a -- "$file" "$(fresh_name "$RECORDS/$(basename "$file").found")"
  stanza=$(awk -v interface="${WANT[interface]}" -v address="${WANT[address]}" '
    $1 == "iface" { mine = ($2 == interface && $3 == "inet") }
    mine && $1 == "address" { match($0, /^[[:space:]]*/); print substr($0, 1, RLENGTH) "address " address; next }
    mine && ($1 == "netmask" || $1 == "broadcast") { next }
    { print }' "$file")
  write_file "$file" 0644 <<<"$stanza"
  say "persistent address of ${WANT[interface]} is ${WANT[address]} in $file"
}

# SSH uses it: it stays.
staticAddress_remove() { :; }
