# nodeProgram: this program, the description of the node and the other node's host key, where console and systemd find them.

readonly PROGRAM=/usr/local/sbin/xcat-ha
readonly CONFIGURATION=/etc/xcat-ha
readonly RECORDS=/var/lib/xcat-ha

nodeProgram_observe() {
  SEEN[program]=$(digest "$PROGRAM")
  SEEN[description]=$(digest "$CONFIGURATION/description")
  SEEN[stack]=$(managing_stack)
  SEEN[stack]=${SEEN[stack]:-absent}
}

nodeProgram_apply() {
  install -d -m 0755 "$CONFIGURATION" && install -d -m 0700 "$RECORDS"
  write_file "$PROGRAM" 0755 <<<"${WANT[program.text]%$'\n'}"
  write_file "$CONFIGURATION/description" 0600 <<<"${WANT[description.text]%$'\n'}"
  write_file "$(stack_record)" 0644 <<<"${WANT[stack]}"
}

# The stack that manages this node, as PROJECT/STACK: another one is refused (see plan).
stack_record() { printf '%s/stack\n' "$CONFIGURATION"; }
managing_stack() { cat -- "$(stack_record)" 2>/dev/null || true; }

# Last of a destroy: the services as they were found, then ourselves.
nodeProgram_remove() {
  units_restore
  rm -rf -- "$CONFIGURATION" "$RECORDS"
  rm -f -- "$PROGRAM"
}

# units_record: how the services were found, once, before the first change (seed, "Disable And Stop All Related Services").
units_record() {
  local service unit enabled
  [[ ! -e $RECORDS/units ]] || return 0
  # By the units' own names: where they are put back, nobody may know the services any more.
  for service in "${UNITS[@]}"; do
    while read -r unit; do
      enabled=$(systemctl is-enabled -- "$unit.service" 2>/dev/null </dev/null) || true
      printf '%s %s %s\n' "$unit" "$(systemctl show -p ActiveState --value -- "$unit.service" 2>/dev/null)" "${enabled:-unknown}"
    done < <(units_of "$service")
  done | write_file "$RECORDS/units" 0600
}

# units_restore: enables and starts again what was found so.
units_restore() {
  local unit state enabled
  [[ -e $RECORDS/units ]] || return 0
  while read -r unit state enabled; do
    [[ $enabled != enabled ]] || systemctl enable --quiet -- "$unit.service" 2>/dev/null </dev/null || true
    [[ $state != active ]] || systemctl start -- "$unit.service" 2>/dev/null </dev/null ||
      say "$unit did not start: $(journalctl -u "$unit.service" -n 4 --no-pager -o cat 2>/dev/null | tr '\n' ' ' | cut -c1-500)"
  done <"$RECORDS/units"
}
