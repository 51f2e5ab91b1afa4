# What this program keeps on the node: itself, the description, and how all was found before the first change.

readonly PROGRAM=/usr/local/sbin/xcat-ha
readonly CONFIGURATION=/etc/xcat-ha
readonly RECORDS=/var/lib/xcat-ha
readonly LOGIN_MESSAGE=/etc/profile.d/xcat-ha.sh

# The stack that manages this node, as PROJECT/STACK: another one is refused (see plan).
stack_record() { printf '%s/stack\n' "$CONFIGURATION"; }
managing_stack() {
  [[ -e $(stack_record) ]] || return 0
  cat -- "$(stack_record)" ||
    fail unknown "$(stack_record) cannot be read on $NODE; expected to know the stack that manages it" \
      "$(ls -la "$(stack_record)" 2>&1)" "look at it on $NODE, then run the same command again"
}

# units_told: what a node that was let go does not run, and what to know before it does.
units_told() {
  local unit stopped=
  for unit in "${UNITS[@]}"; do
    ! unit_exists "$unit" || [[ $(unit_state "$unit") == active ]] || stopped+=" $unit"
  done
  [[ -n $stopped ]] || return 0
  lease_read
  say "not started, whatever ran here before the pair:$stopped ($(lease_sentence))"
  say "to use $NODE for something else: mv /etc/xcat /etc/xcat.old first (its cfgloc leads to the database of the \
pair), and systemctl enable --now UNIT for what should run; never dhcpd beside the one of the pair"
}

# units_record: how the services and what they serve out of were found, once, before the first change (the manual,
# "Disable And Stop All Related Services").
units_record() {
  local service unit enabled found='' REPLY
  found_record
  [[ ! -e $RECORDS/units ]] || return 0
  # By the units' own names: where they are put back, nobody may know the services any more.
  for service in "${UNITS[@]}"; do
    while read -r unit; do
      # Written once: what is not known now would never be put back.
      unit_shows ActiveState "$unit.service" ||
        fail unknown \
          "whether $unit runs on $NODE cannot be told; expected to note how it was found before the first change" \
          "systemctl show $unit.service: $REPLY" \
          "systemctl status $unit on $NODE; when it answers, run the same command again"
      enabled=$(systemctl is-enabled -- "$unit.service" 2>/dev/null </dev/null) || true
      found+="$unit $REPLY ${enabled:-unknown}"$'\n'
    done < <(units_of "$service")
  done
  printf %s "$found" | write_file "$RECORDS/units" 0600
}

# units_restore: enables and starts again what was found so; never while a directory leads to the shared data.
units_restore() {
  local unit state enabled linked stopped=
  [[ -e $RECORDS/units ]] || return 0
  linked=$(links_to_share) || exit
  if [[ -n $linked ]]; then
    say "nothing is started: $(one_line "$linked")"
    return 0
  fi
  while read -r unit state enabled; do
    [[ $enabled != enabled ]] || systemctl enable --quiet -- "$unit.service" 2>/dev/null </dev/null || true
    if [[ $state != active ]]; then
      stopped+=" $unit"
    else
      systemctl start -- "$unit.service" 2>/dev/null </dev/null ||
        say "$unit did not start: \
$(journalctl -u "$unit.service" -n 4 --no-pager -o cat 2>/dev/null | tr '\n' ' ' | cut -c1-500)"
    fi
  done <"$RECORDS/units"
  [[ -z $stopped ]] || say "not started, because it did not run before the pair:$stopped"
}
