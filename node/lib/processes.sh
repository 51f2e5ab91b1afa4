# Processes: who runs here, whoever started it. Read from /proc, whose links no share can block; what must ask a file system has a deadline.

# read_processes WHAT FIND...: what find shows of /proc. A process that ends meanwhile makes it end with 1; our own shell is always there.
read_processes() {
  local answer result=0
  answer=$(find "${@:2}" 2>/dev/null) || result=$?
  [[ $result == [01] && $'\n'$answer == *$'\n'"/proc/$$"[\ /]* ]] ||
    fail blocked "$1 cannot be told on $NODE; expected /proc to show every process" "find ended with $result, ${#answer} characters" \
      "ls /proc on $NODE; when it answers, run the same command again. Until then nothing starts on the other node"
  printf '%s\n' "$answer"
}

# device_of PID PATH: MAJOR:MINOR and place of the mount, as that process sees it; nothing where it has ended. Asks no file system.
device_of() {
  awk -v pid="$1" -v path="$2" "$MOUNT_AWK"'BEGIN { i = mount_of(pid, path); if (i) print device[pid, i], place[pid, i]; exit !i && pid == "self" }' ||
    mounts_not_told
}

mounts_not_told() {
  fail blocked "the mounts of $NODE cannot be told; expected them in /proc/self/mountinfo, to know which processes use the shared data" "awk failed" \
    "findmnt on $NODE; when it answers, run the same command again. Until then nothing starts on the other node"
}

# processes_named DIRECTORY: pid of every process that has its working directory or an open file there by that name; and for each other one
# that uses another mount of the same file system, "look" and the names of its directories there. Asks no file system.
processes_named() {
  local paths
  paths=$(read_processes "which processes use $1" /proc/[0-9]*/cwd /proc/[0-9]*/fd -maxdepth 1 -type l -lname '/*' -printf '%p %l\n') || exit
  awk -v directory="$1" "$MOUNT_AWK$PROCESSES_NAMED_AWK" <<<"$paths" || mounts_not_told
}

# processes_with DIRECTORY: pid and command of every process that has its working directory or an open file there, whoever started it and by
# whatever name: in a bind mount the directories are the same by device and inode.
processes_with() {
  local directory=$1 answer line found result=0 names=() pids=()
  local -A inside=()
  answer=$(processes_named "$directory") || exit
  while IFS= read -r line; do
    case $line in
      'look '*) names+=("${line#look }") ;;
      ?*) pids+=("$line") ;;
    esac
  done <<<"$answer"
  if ((${#names[@]})); then
    # What ends or goes meanwhile makes both end with 1, and is nobody's any more.
    found=$(share_do find "$directory/" -type d -printf '%D:%i /\n' 2>&1) || result=$?
    processes_told "$directory" "$result" "$found"
    while read -r line _; do [[ -z $line ]] || inside[$line]=1; done <<<"$found"
    found=$(share_do stat -L -c '%d:%i %n' -- "${names[@]}" 2>&1) || result=$?
    processes_told "$directory" "$result" "$found"
    while read -r line answer; do
      [[ -n $line && -n ${inside[$line]:-} ]] || continue
      answer=${answer#/proc/}
      pids+=("${answer%%/*}")
    done <<<"$found"
  fi
  ((${#pids[@]} == 0)) || printf '%s\n' "${pids[@]}" | sort -un | commands_of
}

# processes_told DIRECTORY CODE ANSWER: lines of a device, an inode and a name, or of what is proven to be gone.
processes_told() {
  local other
  other=$(grep -vE '^([0-9]+:[0-9]+ /.*|.*: No such file or directory|)$' <<<"$3") || [[ $? == 1 ]] || other="grep did not look at: ${3:0:80}"
  [[ $2 == [01] && -z $other ]] || fail blocked "which processes use $1 on $NODE cannot be told; expected to know whether one does" \
    "${other:-no answer within $SHARE_DEADLINE s}" \
    "look at the shared data on $NODE, then run the same command again. Until then nothing starts on the other node"
}

# What a process says of itself may stand behind a lock that it holds for ever, and the kernel lets nobody who waits for that die.
PROC_DEADLINE=10

# The command lines that were read last, by pid: nothing of one that has ended, and no entry for one that keeps it to itself.
declare -gA WORDS=()

# words_look PID...: fills WORDS, in which PostgreSQL says what it does. One child reads them all; behind one that hangs another goes on.
words_look() {
  local said line
  WORDS=()
  while (($#)); do
    # shellcheck disable=SC2016 # the child's
    said=$(within "$PROC_DEADLINE" bash -c '
      for pid; do
        words=()
        { mapfile -d "" -t words <"/proc/$pid/cmdline"; } 2>/dev/null
        words="${words[*]}"
        printf "%s %s\n" "$pid" "${words//[[:cntrl:]]/ }"
      done' words "$@" 2>&1 </dev/null) || true
    while IFS= read -r line && (($#)); do
      [[ $line == "$1 "* ]] || continue
      line=${line#* }
      WORDS[$1]=${line%"${line##*[! ]}"}
      shift
    done <<<"$said"
    (($# == 0)) || shift
  done
}

# commands_of: the pids on standard input, each with its command; where that cannot be told, with the name that the kernel has of it.
commands_of() {
  local pid words name pids=()
  while read -r pid; do
    # 0 is one of which this machine has no pid, as of a container that is not below it.
    [[ -z $pid || ($pid != 0 && ! -e /proc/$pid) ]] || pids+=("$pid")
  done
  words_look "${pids[@]}"
  for pid in "${pids[@]}"; do
    words=${WORDS[$pid]:-}
    name=
    [[ -n $words ]] || name=$(cat "/proc/$pid/comm" 2>/dev/null) || name=
    name=${name//[[:cntrl:]]/ } words=${words:0:80}
    printf '%s %s\n' "$pid" "${words:-(${name:+$name: }its words cannot be told)}"
  done
}

# program_processes SERVICE...: SERVICE and pid of every process that runs a program of one of these services (PROGRAMS), in its unit or not. A
# container has pids of its own, and services of its own.
program_processes() {
  local links line pid program service perls=()
  local -A of=() container=()
  for service; do
    for program in ${PROGRAMS[$service]:-}; do of[$program]=$service; done
  done
  links=$(read_processes "which programs run" /proc/[0-9]*/ns/pid /proc/[0-9]*/exe -maxdepth 0 -printf '%h %l\n') || exit
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
      fail unknown "whether process $pid on $NODE is xcatd's cannot be told; expected its command line" "/proc/$pid/cmdline: no answer within $PROC_DEADLINE s" \
        "cat /proc/$pid/comm on $NODE: end that process, or power $NODE off; then run the same command again. Until then nothing starts on the other node"
    [[ "${WORDS[$pid]:-} " != @(xcatd:*|*/xcatd\ *) ]] || printf 'xcatd %s\n' "$pid"
  done
}

# services_left [apart]: what is left here of the managed services, a line each: SERVICE, what it is and its evidence, between tabs.
#   state    of its unit: neither inactive nor failed
#   group    pid and command of a process in its control groups
#   program  the same of one that runs its program outside of them
#   data     the same of one that has the data directory, or is a server that is not proven to work elsewhere
# PostgreSQL's are judged by their data, and come last. `apart`: without the share, which may be gone. Nothing is told for "none" but where
# every look was answered.
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
  commands=$(commands_of <<<"$3") || fail unknown "what processes of $1 on $NODE are cannot be told; expected a command for each" "${3//$'\n'/ }" \
    "ps -fp ${3//$'\n'/,} on $NODE, then run the same command again"
  while IFS= read -r command; do
    [[ -z $command ]] || printf '%s\t%s\t%s\n' "$1" "$2" "$command"
  done <<<"$commands"
}
