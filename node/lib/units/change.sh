# Units that start, stop, and start no more at boot.

# units_disable SERVICE...: they and what belongs to them start no more at boot. Without the reload of all its units,
# which a boot does anyway: services wait for it.
units_disable() {
  local service names=()
  units_look_whole "$@"
  for service; do
    # shellcheck disable=SC2206 # a list of names
    [[ ${UNIT_ENABLED[$service]} != enabled ]] || names+=("${UNIT[$service]:-$service}" ${COMPANIONS[$service]:-})
  done
  ((${#names[@]} == 0)) ||
    systemctl disable --quiet --no-reload -- "${names[@]/%/.service}" </dev/null 2>/dev/null || true
}

# unit_evidence SERVICE: its state and the end of its journal on one line.
unit_evidence() {
  printf '%s is %s; journal: ' "$1" "$(unit_state "$1")"
  journalctl -u "$(unit_of "$1").service" -n 4 --no-pager -o cat 2>/dev/null | tr '\n' ' ' | cut -c1-500
}

# unit_start SERVICE SECONDS: returns when it is active. A failed start is stopped: systemd would retry it without end,
# and it would come up later on a node that is not active any more (docs/xcat-facts.md, How xcatd starts and stops).
# Never a database that recovers.
unit_start() {
  local unit=$1 limit=$2 began=$SECONDS deadline=$((SECONDS + $2)) name result evidence ended
  name=$(unit_of "$unit")
  systemctl reset-failed -- "$name.service" 2>/dev/null || true
  while :; do
    result=0
    # The start goes on when nobody waits for it.
    timeout 2 systemctl start -- "$name.service" </dev/null 2>/dev/null || result=$?
    if ((result == 0)) && [[ $(unit_state "$unit") == active ]]; then return 0; fi
    ((result == 124)) || break
    if [[ $unit == postgresql ]] && recovery_goes_on "$began"; then deadline=$((SECONDS + limit)); fi
    ((SECONDS < deadline)) || break
  done
  evidence=$(unit_evidence "$unit")
  # What systemd itself has put an end to.
  ended=$(systemctl show -p Result -p TimeoutStartUSec -- "$name.service" 2>/dev/null </dev/null) || ended=
  timeout 60 systemctl stop -- "$name.service" </dev/null 2>/dev/null || true
  [[ $ended != *Result=timeout* ]] ||
    fail incomplete \
      "$unit did not start within the $(sed -n 's/^TimeoutStartUSec=//p' <<<"$ended") that systemd gives it; \
expected it active" \
      "$evidence" \
      "systemctl edit $name on $NODE: [Service], TimeoutStartSec=infinity; then run the same pulumi up again"
  fail incomplete "$unit did not start within $limit s; expected it active" "$evidence" \
    "journalctl -u $name -n 50; when the cause is gone, run the same pulumi up again"
}

# unit_stop SERVICE SECONDS: returns when it is inactive or failed, with no process left in its control group and no
# start queued.
unit_stop() {
  local unit=$1 limit=$2 state names processes
  unit_exists "$unit" || return 0
  mapfile -t names < <(units_of "$unit")
  if [[ $unit == postgresql ]]; then
    postgresql_stop "$limit" "${names[@]}"
  else
    timeout "$limit" systemctl stop -- "${names[@]/%/.service}" </dev/null 2>/dev/null || true
  fi
  state=$(unit_state "$unit")
  processes=$(unit_processes "$unit") || exit
  if [[ $state != inactive && $state != failed ]] || [[ -n $processes ]]; then
    fail blocked "$unit did not stop within $limit s: $state; expected inactive" \
      "processes ${processes//$'\n'/ }; $(unit_evidence "$unit")" \
      "systemctl status ${names[*]} on $NODE; stop it, then run the same command again. Until then nothing starts on \
the other node"
  fi
}
