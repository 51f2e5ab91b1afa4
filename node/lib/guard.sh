# The start guard: the drop-in of a unit, and what it asks when the unit starts.

guard_file() { printf '/etc/systemd/system/%s.service.d/xcat-ha.conf\n' "$1"; }

# guarded_units: into GUARDED the units of the wanted services.
guarded_units() {
  local service names=() ORDERED=()
  for service in "${!WANT[@]}"; do
    # shellcheck disable=SC2206 # a list of names
    names+=("${UNIT[$service]:-$service}" ${COMPANIONS[$service]:-})
  done
  in_order "${names[@]}"
  GUARDED=("${ORDERED[@]}")
}

# guards_there: one of the managed services has a guard: this node is one of the pair.
guards_there() {
  local service
  for service in "${UNITS[@]}"; do [[ ! -e $(guard_file "$(unit_of "$service")") ]] || return 0; done
  return 1
}

remove_guard() {
  local file
  file=$(guard_file "$1")
  rm -f -- "$file"
  rmdir -- "$(dirname "$file")" 2>/dev/null || true
}

guards_remove() {
  local unit service GUARDED=()
  load_values active startGuard
  guarded_units
  # systemd tries a start again that the guard has refused: without the guard it would come up.
  for service in "${!WANT[@]}"; do
    [[ -e $(guard_file "$(unit_of "$service")") ]] || continue
    unit_stop "$service" "$STOP_SECONDS"
    systemctl reset-failed -- "$(unit_of "$service").service" 2>/dev/null </dev/null || true
  done
  for unit in "${GUARDED[@]}"; do remove_guard "$unit"; done
  systemctl daemon-reload </dev/null
}

# guard UNIT: what the drop-in runs. A refusal is loud: it stands in the unit's journal.
guard() {
  local server=
  lease_read fresh
  if units_of postgresql | grep -xF -- "$1" >/dev/null; then
    server=$(server_of_another_boot) || exit
    # Its owner is either dead, or somebody whom the newest epoch names by now.
    [[ -z $server ]] || lease_read fresh
  fi
  [[ ${LEASE[is]} == mine ]] ||
    fail held "$1 may not start on $NODE; expected the owner lease to be held by $NODE in this boot" \
      "$(lease_sentence)${server:+; $server}" "pulumi up on the stack of the node that should be active"
  [[ -z $server ]] || say "$server: its epoch is over, and PostgreSQL recovers"
}

# server_of_another_boot: the postmaster.pid of a server that is none of this node in this boot, or nothing.
server_of_another_boot() {
  local file kind pid data
  file=$(path_of /var/lib/pgsql/data)/postmaster.pid
  kind=$(share_kind "$file") || exit
  [[ $kind != absent ]] || return 0
  if ! pid=$(share_do head -n 1 -- "$file") || ! data=$(share_do readlink -f -- "${file%/*}"); then
    fail unknown "$file cannot be read on $NODE; expected to know whose server it names" "$SHARE $(share_state)" \
      "look at the shared data on $NODE, then start the unit again"
  fi
  [[ $pid =~ ^[0-9]+$ && $(readlink -- "/proc/$pid/cwd" 2>/dev/null) == "$data" ]] ||
    printf '%s names the process %s of another boot, or of the other node\n' "$file" "$pid"
}
