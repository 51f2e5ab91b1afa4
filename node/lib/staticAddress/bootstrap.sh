# The static address at the first setup: added over the address where the node was found, before anything is installed.

# Seconds after which an address that bootstrap added is taken back, unless the node was reached over it.
readonly REACHED_SECONDS=120

# staticAddress_add: at run time only, and only when no other machine answers for it.
staticAddress_add() {
  local address=${WANT[address]%/*} answer
  has_address "${WANT[address]}" "${WANT[interface]}" && return 0
  answer=$(address_answer "$address" "${WANT[interface]}")
  [[ $answer != arping\ * ]] ||
    fail unknown \
      "whether another machine has $address cannot be told; expected to know that nobody has before $NODE takes it" \
      "$answer" "look at ${WANT[interface]} on $NODE (ip link), then run the same command again"
  [[ $answer == free ]] ||
    fail refused "another machine answers for $address; expected nobody before $NODE takes it as its static address" \
      "$answer" "choose a free nodes.$NODE.address in cluster.yaml"
  ip addr add "${WANT[address]}" broadcast + dev "${WANT[interface]}" ||
    fail incomplete "ip addr add ${WANT[address]} dev ${WANT[interface]} failed; expected the address" \
      "$(ip -o -4 addr show dev "${WANT[interface]}" 2>&1 | tr '\n' ' ')" \
      "check the interface on $NODE, then pulumi up again"
  say "static address ${WANT[address]} added on ${WANT[interface]}"
}

# staticAddress_try: bootstrap's. Added over the address where the node was found, and taken back by itself when nobody
# comes over the new one: an address that leads the node's answers somewhere else must not stay.
staticAddress_try() {
  ! has_address "${WANT[address]}" "${WANT[interface]}" || return 0
  # Nothing is installed yet: this program as it came, for address_drop.
  install -d -m 0700 "$RUN"
  write_file "$RUN/bootstrap" 0600 <<<"${WANT[program.text]}"
  staticAddress_add
  staticAddress_keep
  systemd-run --quiet --collect --unit=xcat-ha-address-back --on-active="$REACHED_SECONDS" \
    --timer-property=AccuracySec=1s bash "$RUN/bootstrap" address-back "${WANT[address]}" "${WANT[interface]}" \
    </dev/null
}

# staticAddress_keep: somebody came over it, at a first setup and where the address was lost later.
staticAddress_keep() { systemctl stop xcat-ha-address-back.timer 2>/dev/null </dev/null || true; }
