# How a service stops, and which run.

readonly START_SECONDS=120
readonly MAKE_SECONDS=1200
readonly STOP_SECONDS=90

service_stop() {
  local unit=$1 began MILLISECONDS
  milliseconds
  began=$MILLISECONDS
  unit_stop "$unit" "$STOP_SECONDS"
  [[ $unit != postgresql ]] || database_prove_stopped
  milliseconds
  say "$unit stopped ($((MILLISECONDS - began)) ms)"
}

# services_running: the managed units that run here, in start order; where systemd does not say it, all of them.
services_running() {
  local unit told='' REPLY UNIT_FILES
  if units_ask "${UNITS[@]}"; then told=yes; fi
  for unit in "${UNITS[@]}"; do
    [[ -n $told && ${UNIT_STATE[$unit]} == @(inactive|failed) ]] || printf '%s ' "$unit"
  done
}
