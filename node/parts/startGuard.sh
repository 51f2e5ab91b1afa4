# startGuard: a drop-in on every unit of the managed services that lets it start only where the newest epoch names this
# node in this boot.

# guard_text: the whole drop-in. "+" runs the check as root whatever user the unit has.
guard_text() {
  printf \
    '# xcat-ha: starts only where the owner lease is held (xcat-ha guard).\n[Service]\nExecStartPre=+%s guard %%N\n' \
    "$PROGRAM"
}

# guard_in FILE: the drop-in that is there, into REPLY.
guard_in() {
  REPLY=
  IFS= read -r -d '' REPLY <"$1" || true
  while [[ $REPLY == *$'\n' ]]; do REPLY=${REPLY%$'\n'}; done
}

# guard_states UNIT...: fills GUARD by unit.
guard_states() {
  local unit file text index=0 asks='' REPLY
  declare -gA GUARD=()
  text=$(guard_text)
  units_show 'Id ExecStartPre' "$@" ||
    fail unknown "whether the services of $NODE are guarded cannot be told; expected systemd to know their units" \
      "${REPLY//$'\n'/ }" "systemctl show $1.service on $NODE; when it answers, run the same command again"
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
      [[ ${GUARD[$unit]} == guarded ]] ||
        fail incomplete \
          "$unit is not guarded on $NODE: ${GUARD[$unit]}; expected the start guard before anything is linked" \
          "$(guard_file "$unit")" "systemctl show -p ExecStartPre $unit on $NODE; then run the same command again"
    done
  fi
  [[ -z $changed ]] || say "start guard on$changed"
}

# The guard outlives every part that it guards: it goes with the node program, last, and only from a node that no link
# leads to the share.
startGuard_remove() { :; }
