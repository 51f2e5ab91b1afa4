# startGuard: a drop-in on every managed unit that lets it start only where the newest epoch names this node in this boot.

guard_file() { printf '/etc/systemd/system/%s.service.d/xcat-ha.conf\n' "$1"; }

# guard_text: the whole drop-in. "+" runs the check as root whatever user the unit has.
guard_text() {
  printf '# xcat-ha: starts only where the owner lease is held (xcat-ha guard).\n[Service]\nExecStartPre=+%s guard %%N\n' "$PROGRAM"
}

# guarded_units: the units among the wanted values.
guarded_units() { printf '%s\n' "${!WANT[@]}" | LC_ALL=C sort; }

startGuard_observe() {
  local unit file
  while read -r unit; do
    file=$(guard_file "$unit")
    if [[ ! -e $file ]]; then
      SEEN[$unit]='not guarded'
    elif [[ $(<"$file") != "$(guard_text)" ]]; then
      SEEN[$unit]="drop-in changed: $(grep -v '^#' "$file" | tr '\n' ' ')"
    elif ! systemctl show -p ExecStartPre --value -- "$unit.service" | grep -qF "$PROGRAM guard"; then
      SEEN[$unit]='guarded, but systemd has not read it'
    else
      SEEN[$unit]=guarded
    fi
  done < <(guarded_units)
}

startGuard_apply() {
  local unit file changed=
  while read -r unit; do
    file=$(guard_file "$unit")
    if [[ ! -e $file || $(<"$file") != "$(guard_text)" ]]; then
      mkdir -p -- "$(dirname "$file")"
      guard_text | write_file "$file" 0644
      changed="$changed $unit"
    fi
  done < <(guarded_units)
  for unit in "${!BEFORE[@]}"; do
    [[ -n ${WANT[$unit]:-} ]] || remove_guard "$unit"
  done
  systemctl daemon-reload </dev/null
  [[ -z $changed ]] || say "start guard on$changed"
}

remove_guard() {
  local file
  file=$(guard_file "$1")
  rm -f -- "$file"
  rmdir -- "$(dirname "$file")" 2>/dev/null || true
}

startGuard_remove() {
  local unit
  while read -r unit; do remove_guard "$unit"; done < <(guarded_units)
  systemctl daemon-reload </dev/null
}

# guard UNIT: what the drop-in runs. A refusal is loud: it stands in the unit's journal.
guard() {
  lease_read fresh
  [[ ${LEASE[is]} == mine ]] || fail held "$1 may not start on $NODE; expected the owner lease to be held by $NODE in this boot" \
    "$(lease_sentence)" "pulumi up on the stack of the node that should be active"
}
