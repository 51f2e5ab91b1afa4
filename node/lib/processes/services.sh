# The processes of the managed services, in their units or not.

# program_processes SERVICE...: SERVICE and pid of every process that runs a program of one of these services
# (PROGRAMS), in its unit or not. A container has pids of its own, and services of its own.
program_processes() {
  local links line pid program service perls=()
  local -A of=() container=()
  for service; do
    for program in ${PROGRAMS[$service]:-}; do of[$program]=$service; done
  done
  links=$(read_processes "which programs run" /proc/[0-9]*/ns/pid /proc/[0-9]*/exe -maxdepth 0 -printf '%h %l\n') ||
    exit
  while read -r line program; do
    if [[ $program == 'pid:'* ]]; then
      line=${line%/ns}
      container[${line#/proc/}]=$program
      continue
    fi
    pid=${line#/proc/} program=${program% (deleted)}
    program=${program##*/}
    [[ ${container[$pid]:-} == "${container[$$]:-}" ]] || continue
    if [[ $program == perl* ]]; then
      [[ -z ${of[xcatd]:-} ]] || perls+=("$pid")
    elif [[ -n ${of[${program:-none}]:-} ]]; then
      printf '%s %s\n' "${of[$program]}" "$pid"
    fi
  done <<<"$links"
  # xcatd is one in Perl: known by the title that it gives itself, and before that by its file.
  words_look "${perls[@]}"
  for pid in "${perls[@]}"; do
    [[ -n ${WORDS[$pid]+told} || ! -e /proc/$pid ]] ||
      fail unknown "whether process $pid on $NODE is xcatd's cannot be told; expected its command line" \
        "/proc/$pid/cmdline: no answer within $PROC_DEADLINE s" \
        "cat /proc/$pid/comm on $NODE: end that process, then run the same command again. Until then nothing starts on \
the other node" \
        "power $NODE off, then run the same command again"
    [[ "${WORDS[$pid]:-} " != @(xcatd:*|*/xcatd\ *) ]] || printf 'xcatd %s\n' "$pid"
  done
}

# services_left [apart]: what is left here of the managed services, a line each: SERVICE, what it is and its evidence,
# between tabs.
#   state    of its unit: neither inactive nor failed
#   group    pid and command of a process in its control groups
#   program  the same of one that runs its program outside of them
#   data     the same of one that has the data directory, or is a server that is not proven to work elsewhere
# PostgreSQL's are judged by their data, and come last. `apart`: without the share, which may be gone. Nothing is told
# for "none" but where every look was answered.
services_left() {
  local service pid pids inside programs told REPLY UNIT_FILES
  programs=$(program_processes "${UNITS[@]}") || exit
  groups_look "${UNITS[@]}"
  units_look "${UNITS[@]}"
  for service in "${UNITS[@]}"; do
    # One that is not installed is inactive.
    [[ ${UNIT_STATE[$service]} == @(inactive|failed) ]] || printf '%s\tstate\t%s\n' "$service" "${UNIT_STATE[$service]}"
    inside=
    [[ -z ${UNIT_GROUPS[$service]//$'\n'/} ]] || inside=$(processes_of_groups "${UNIT_GROUPS[$service]}") || exit
    left_lines "$service" group "$inside"
    [[ $service != postgresql && $'\n'$programs == *$'\n'"$service "* ]] || continue
    pids=
    while read -r told pid; do
      [[ $told != "$service" || $'\n'$inside$'\n' == *$'\n'$pid$'\n'* ]] || pids+=$pid$'\n'
    done <<<"$programs"
    left_lines "$service" program "$pids"
  done
  pids=$(database_processes "${1:-}") || exit
  while IFS= read -r pid; do
    [[ -z $pid ]] || printf 'postgresql\tdata\t%s\n' "$pid"
  done <<<"$pids"
}

# left_lines SERVICE WHAT PIDS
left_lines() {
  local command commands
  [[ -n ${3//$'\n'/} ]] || return 0
  commands=$(commands_of <<<"$3") ||
    fail unknown "what processes of $1 on $NODE are cannot be told; expected a command for each" "${3//$'\n'/ }" \
      "ps -fp ${3//$'\n'/,} on $NODE, then run the same command again"
  while IFS= read -r command; do
    [[ -z $command ]] || printf '%s\t%s\t%s\n' "$1" "$2" "$command"
  done <<<"$commands"
}
