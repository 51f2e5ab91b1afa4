# The VIP is announced, so that the neighbours know at once where it is.

readonly ANNOUNCE_UNIT=xcat-ha-announce

# virtualIp_announce ADDRESS INTERFACE: without it a talking client is cut for half a minute (docs/failover-facts.md,
# Announcing an address). Request and reply: some switches take only one; three of each, because nobody says that one
# was lost; side by side, because each takes a second.
virtualIp_announce() {
  local kind pids=()
  # Not by each of them for itself.
  arping_which
  for kind in request reply request reply request reply; do
    arping_do "$kind" "$1" "$2" 1 >/dev/null 2>&1 &
    pids+=("$!")
  done
  # For no other child: one that looks at the share may never end.
  wait "${pids[@]}" || true
}

# virtualIp_announce_on ADDRESS INTERFACE: now, and two and five seconds later, a second each, for what was down
# meanwhile: a port that a switch opens late. Not where the address is gone, or where that cannot be told.
virtualIp_announce_on() {
  local pause addresses
  for pause in 0 2 2; do
    sleep "$pause"
    addresses=$(ip -o -4 addr show dev "$2" 2>/dev/null) && [[ $addresses == *" inet $1/"* ]] || return 0
    virtualIp_announce "$1" "$2"
  done
}

# virtualIp_announce_beside: in a unit of its own, beside the start of the services, which nobody can reach before. It
# ends with no run and holds no lock; it needs no description: its functions are all of it.
virtualIp_announce_beside() {
  virtualIp_announce_end
  install -d -m 0700 "$RUN"
  {
    declare -f arping_which arping_do virtualIp_announce virtualIp_announce_on
    printf 'virtualIp_announce_on %q %q\n' "${WANT[ip]}" "${WANT[interface]}"
  } | write_file "$RUN/announce" 0600
  systemd-run --quiet --collect --unit="$ANNOUNCE_UNIT" --property=TimeoutStopSec=2 bash "$RUN/announce" </dev/null || {
    say "warning: VIP ${WANT[ip]} is announced once only: systemd-run could not start $ANNOUNCE_UNIT"
    virtualIp_announce "${WANT[ip]}" "${WANT[interface]}"
  }
}

virtualIp_announce_end() { systemctl stop "$ANNOUNCE_UNIT.service" 2>/dev/null </dev/null || true; }
