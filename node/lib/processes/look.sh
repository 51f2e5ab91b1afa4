# Processes: who runs here, whoever started it. Read from /proc, whose links no share can block; what must ask a file
# system has a deadline.

# read_processes WHAT FIND...: what find shows of /proc. A process that ends meanwhile makes it end with 1; our own
# shell is always there.
read_processes() {
  local answer result=0
  answer=$(find "${@:2}" 2>/dev/null) || result=$?
  [[ $result == [01] && $'\n'$answer == *$'\n'"/proc/$$"[\ /]* ]] ||
    fail blocked "$1 cannot be told on $NODE; expected /proc to show every process" \
      "find ended with $result, ${#answer} characters" \
      "ls /proc on $NODE; when it answers, run the same command again. Until then nothing starts on the other node"
  printf '%s\n' "$answer"
}

# device_of PID PATH: MAJOR:MINOR and place of the mount, as that process sees it; nothing where it has ended. Asks no
# file system.
device_of() {
  awk -v pid="$1" -v path="$2" "$MOUNT_AWK"'
    BEGIN { i = mount_of(pid, path); if (i) print device[pid, i], place[pid, i]; exit !i && pid == "self" }' ||
    mounts_not_told
}

mounts_not_told() {
  fail blocked \
    "the mounts of $NODE cannot be told; expected them in /proc/self/mountinfo, to know which processes use the \
shared data" \
    "awk failed" \
    "findmnt on $NODE; when it answers, run the same command again. Until then nothing starts on the other node"
}

# processes_named DIRECTORY: pid of every process that has its working directory or an open file there by that name; and
# for each other one that uses another mount of the same file system, "look" and the names of its directories there.
# Asks no file system.
processes_named() {
  local paths
  paths=$(read_processes "which processes use $1" /proc/[0-9]*/cwd /proc/[0-9]*/fd -maxdepth 1 -type l -lname '/*' \
    -printf '%p %l\n') || exit
  awk -v directory="$1" "$MOUNT_AWK$PROCESSES_NAMED_AWK" <<<"$paths" || mounts_not_told
}

# processes_with DIRECTORY: pid and command of every process that has its working directory or an open file there,
# whoever started it and by whatever name: in a bind mount the directories are the same by device and inode.
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
  other=$(grep -vE '^([0-9]+:[0-9]+ /.*|.*: No such file or directory|)$' <<<"$3") || [[ $? == 1 ]] ||
    other="grep did not look at: ${3:0:80}"
  [[ $2 == [01] && -z $other ]] ||
    fail blocked "which processes use $1 on $NODE cannot be told; expected to know whether one does" \
      "${other:-no answer within $SHARE_DEADLINE s}" \
      "look at the shared data on $NODE, then run the same command again. Until then nothing starts on the other node"
}
