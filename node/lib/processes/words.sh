# What a process is called, and what it says of itself.

# What a process says of itself may stand behind a lock that it holds for ever, and the kernel lets nobody who waits for
# that die.
PROC_DEADLINE=10

# The command lines that were read last, by pid: nothing of one that has ended, and no entry for one that keeps it to
# itself.
declare -gA WORDS=()

# words_look PID...: fills WORDS, in which PostgreSQL says what it does. One child reads them all; behind one that hangs
# another goes on.
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

# commands_of: the pids on standard input, each with its command; where that cannot be told, with the name that the
# kernel has of it.
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
