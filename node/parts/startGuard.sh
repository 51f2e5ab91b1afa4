# startGuard: a drop-in on every unit of the managed services that lets it start only where the newest epoch names this node in this boot.

guard_file() { printf '/etc/systemd/system/%s.service.d/xcat-ha.conf\n' "$1"; }

# guard_text: the whole drop-in. "+" runs the check as root whatever user the unit has.
guard_text() {
  printf '# xcat-ha: starts only where the owner lease is held (xcat-ha guard).\n[Service]\nExecStartPre=+%s guard %%N\n' "$PROGRAM"
}

# guard_in FILE: the drop-in that is there, into REPLY.
guard_in() {
  REPLY=
  IFS= read -r -d '' REPLY <"$1" || true
  while [[ $REPLY == *$'\n' ]]; do REPLY=${REPLY%$'\n'}; done
}

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

# guard_states UNIT...: fills GUARD by unit.
guard_states() {
  local unit file text index=0 asks='' REPLY
  declare -gA GUARD=()
  text=$(guard_text)
  units_show 'Id ExecStartPre' "$@" ||
    fail unknown "whether the services of $NODE are guarded cannot be told; expected systemd to know their units" "${REPLY//$'\n'/ }" \
      "systemctl show $1.service on $NODE; when it answers, run the same command again"
  for unit; do
    # A line for each command that runs before it.
    asks=${SHOWN["$index ExecStartPre"]:-}
    file=$(guard_file "$unit")
    [[ ! -e $file ]] || guard_in "$file"
    if [[ ! -e $file ]]; then
      GUARD[$unit]='not guarded'
    elif [[ $REPLY != "$text" ]]; then
      GUARD[$unit]="drop-in changed: $(grep -v '^#' "$file" | tr '\n' ' ')"
    elif [[ $asks != *"$PROGRAM guard"* ]]; then
      GUARD[$unit]='guarded, but systemd has not read it'
    else
      GUARD[$unit]=guarded
    fi
    index=$((index + 1))
  done
}

startGuard_observe() {
  local service unit GUARDED=()
  guarded_units
  guard_states "${GUARDED[@]}"
  for service in "${!WANT[@]}"; do
    SEEN[$service]=guarded
    for unit in "${UNIT[$service]:-$service}" ${COMPANIONS[$service]:-}; do
      [[ ${GUARD[$unit]} == guarded ]] || SEEN[$service]=${GUARD[$unit]}
    done
  done
}

startGuard_apply() {
  local service unit units file text state changed='' removed='' stale='' REPLY GUARDED=()
  text=$(guard_text)
  guarded_units
  for unit in "${GUARDED[@]}"; do
    file=$(guard_file "$unit")
    [[ ! -e $file ]] || guard_in "$file"
    if [[ ! -e $file || $REPLY != "$text" ]]; then
      mkdir -p -- "${file%/*}"
      guard_text | write_file "$file" 0644
      changed="$changed $unit"
    fi
  done
  # One that is managed no more stops before its guard goes; from then on it is the admin's.
  for service in "${!BEFORE[@]}"; do
    [[ -z ${WANT[$service]:-} ]] || continue
    unit_stop "$service" "$STOP_SECONDS"
    units=$(units_of "$service") || exit
    for unit in $units; do remove_guard "$unit"; done
    removed=yes
    say "$service is not managed any more: stopped, its guard is gone"
  done
  startGuard_observe
  # systemd reads all its units again.
  for state in "${GUARD[@]}"; do [[ $state == guarded ]] || stale=yes; done
  if [[ -n $changed$removed$stale || ${#GUARD[@]} == 0 ]]; then
    systemctl daemon-reload </dev/null
    startGuard_observe
    # What follows links the shared data to this node.
    for unit in "${!GUARD[@]}"; do
      [[ ${GUARD[$unit]} == guarded ]] || fail incomplete "$unit is not guarded on $NODE: ${GUARD[$unit]}; expected the start guard before anything is linked" "$(guard_file "$unit")" \
        "systemctl show -p ExecStartPre $unit on $NODE; then run the same command again"
    done
  fi
  [[ -z $changed ]] || say "start guard on$changed"
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

# The guard outlives every part that it guards: it goes with the node program, last, and only from a node that no link leads to the share.
startGuard_remove() { :; }

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
  [[ ${LEASE[is]} == mine ]] || fail held "$1 may not start on $NODE; expected the owner lease to be held by $NODE in this boot" \
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
    fail unknown "$file cannot be read on $NODE; expected to know whose server it names" "$SHARE $(share_state)" "look at the shared data on $NODE, then start the unit again"
  fi
  [[ $pid =~ ^[0-9]+$ && $(readlink -- "/proc/$pid/cwd" 2>/dev/null) == "$data" ]] ||
    printf '%s names the process %s of another boot, or of the other node\n' "$file" "$pid"
}
