# serviceSet: the services of one set in their order, each ready before the next (the manual, "Activate Primary MN" and
# "Disable And Stop All Related Services"). Two of them exist: `database` and `network`.
# The values are SERVICE = what it should be; `order` lists them as they start. Stopping is the order reversed.
# `virtualIp` is there on an active node: with another VIP than the last time they all start again, the make* steps
# included.

# unit_now SERVICE: what it is, in the words of the values.
unit_now() {
  units_look_whole "$1"
  unit_words "$1"
}

# unit_words SERVICE: the same, by the last look.
unit_words() {
  local running
  case ${UNIT_STATE[$1]} in
    active)
      running=running
      # In a child: what it cannot look at does not end this look.
      [[ ${WANT[$1]} != running* ]] || (unit_ready "$1") >/dev/null 2>&1 || running='active, but it does not answer'
      ;;
    # A unit that failed is not running: on a standby node that is what is wanted (goconserver's stop always ends in
    # failed).
    inactive | failed)
      running=stopped
      [[ ${UNIT_STATE[$1]} == inactive || ${WANT[$1]} == stopped* ]] || running='stopped (failed)'
      ;;
    *) running=${UNIT_STATE[$1]} ;;
  esac
  [[ $running != stopped* || -z ${COMPANIONS[$1]:-} ]] || unit_stopped "$1" ||
    running="stopped, but of${COMPANIONS[$1]} something runs"
  [[ ${UNIT_THERE[$1]} == yes ]] || running='not installed'
  printf '%s, %s\n' "$running" "${UNIT_ENABLED[$1]}"
}

serviceSet_observe() {
  local unit units
  seen_as_told order virtualIp
  read -ra units <<<"${WANT[order]}"
  units_look_whole "${units[@]}"
  for unit in "${units[@]}"; do
    SEEN[$unit]=$(unit_words "$unit")
  done
  [[ " ${WANT[order]} " != *' postgresql '* || -z ${WANT[virtualIp]:-} ]] || ! postgresql_misses_the_vip ||
    SEEN[virtualIp]="$VIP is here, and postgresql does not listen on it"
}

serviceSet_apply() {
  local unit index units now
  # A unit that cluster.yaml lists no more is nobody's to start here: stopped, and left to the admin, who may enable it.
  for unit in ${BEFORE[order]:-}; do
    [[ " ${WANT[order]} " != *" $unit "* && $(unit_state "$unit") != inactive ]] || continue
    service_stop "$unit"
    say "$unit is not managed any more: stopped, disabled at boot"
  done
  read -ra units <<<"${WANT[order]}"
  if [[ -n ${BEFORE[virtualIp]:-} && -n ${WANT[virtualIp]:-} && ${BEFORE[virtualIp]} != "${WANT[virtualIp]}" ]]; then
    for ((index = ${#units[@]} - 1; index >= 0; index--)); do
      [[ $(unit_state "${units[index]}") == inactive ]] || service_stop "${units[index]}"
    done
  fi
  for ((index = ${#units[@]} - 1; index >= 0; index--)); do
    unit=${units[index]}
    [[ ${WANT[$unit]} == stopped* ]] || continue
    ! unit_exists "$unit" || [[ $(unit_now "$unit") == "${WANT[$unit]}" ]] || service_stop "$unit"
  done
  for unit in "${units[@]}"; do
    [[ ${WANT[$unit]} == running* ]] || continue
    # It listens on the addresses that were there when it started (docs/xcat-facts.md, The VIP and its connections).
    [[ $unit != postgresql ]] || ! postgresql_misses_the_vip || service_stop "$unit"
    now=$(unit_now "$unit") || exit
    [[ $now != 'not installed, '* ]] || unit_require "$unit"
    [[ $now == running,* ]] || service_start "$unit"
  done
  # Again after the make* steps: makegocons, makeconservercf and makedhcp with Kea enable their service
  # (docs/xcat-facts.md, Console services).
  units_disable "${units[@]}"
}

# The services come back with units_restore, when nothing of ours is left.
serviceSet_remove() { :; }
