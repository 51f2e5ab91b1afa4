# What the program says and how it ends.

# The closed list of exit codes. What the caller does on each stands in docs/messages.md.
declare -grA EXIT=(
  [done]=0           # as wanted
  [refused]=10       # unsafe: nothing was touched
  [held]=12          # the owner lease is held by another node
  [blocked]=13       # a stop failed or is not proven: nothing may start elsewhere
  [incomplete]=20    # something failed on the way: running it again goes on from there
  [superseded]=21    # ended at a step boundary because another order came in
  [misconfigured]=30 # a value or the node itself must be changed first
  [unknown]=40       # could not be observed: neither "there" nor "absent"
  [usage]=64         # a verb or part that does not exist
)

# fail CODE SEEN EVIDENCE NEXT...: the lines of every error, then the end. Where there is a choice, a NEXT for each, the
# likeliest first.
fail() {
  {
    printf 'error: %s\nevidence: %s\n' "$2" "$3"
    printf 'next: %s\n' "${@:4}"
  } >&2
  exit "${EXIT[$1]}"
}

# unexpected CODE COMMAND: what the ERR trap says of a command that was not meant to fail; the codes above have spoken
# already.
unexpected() {
  local code
  for code in "${EXIT[@]}"; do
    [[ $1 != "$code" || $1 == 0 ]] || return 0
  done
  {
    printf 'error: a command failed that was not meant to: %s ended with %s\n' "${2:0:200}" "$1"
    printf 'evidence: in %s on %s\n' "${FUNCNAME[*]:1:4}" "$NODE"
    printf 'next: run the same command again; if it stays, this is a defect of xcat-ha\n'
  } >&2
}

# say TEXT: one line of progress for the person who waits.
say() {
  [[ -z ${STEP_FILE:-} ]] || step_note said "$*"
  printf '%s: %s\n' "$NODE" "$*"
}

# milliseconds: since 1970, into MILLISECONDS. bash 4.4 does not know them; it knows the seconds.
milliseconds() {
  local now=${EPOCHREALTIME:-}
  now=${now/[.,]/}
  MILLISECONDS=${now%???}
  [[ -n $now ]] || MILLISECONDS=$(date +%s%3N) || printf -v MILLISECONDS '%(%s)T000' -1
}

# quietly FILE COMMAND...: runs COMMAND without standard input (xCAT's clients swallow it), keeps what it prints in
# FILE.
quietly() {
  local into=$1
  shift
  "$@" >"$into" 2>&1 </dev/null
}

# one_line TEXT [MARK]: its lines as a list, with commas, or with MARK where they hold commas.
one_line() {
  local mark=${2:-,} line
  line=${1//$'\n'/$mark}
  printf '%s\n' "${line//$mark/$mark }"
}

# error_said TEXT: what an error says of what was seen.
error_said() {
  local said=${1%%$'\n'*}
  printf '%s\n' "${said#error: }"
}

# in_order WORD...: into ORDERED, by their bytes.
in_order() {
  local LC_ALL=C word at
  ORDERED=()
  for word; do
    for ((at = ${#ORDERED[@]}; at > 0; at--)); do
      [[ ${ORDERED[at - 1]} > $word ]] || break
      ORDERED[at]=${ORDERED[at - 1]}
    done
    ORDERED[at]=$word
  done
}

# last_lines FILE: the end of an output on one line, as evidence.
last_lines() { tail -n 4 -- "$1" 2>/dev/null | tr '\n' ' ' | cut -c1-600; }

# lock NUMBER FILE WHAT: the lock of FILE, which that file descriptor has open for appending; WHAT will hold it. Says
# every two seconds who does.
lock() {
  local result holder
  while :; do
    result=0
    flock -w 2 "$1" || result=$?
    ((result != 0)) || break
    ((result == 1)) ||
      fail incomplete "$2 on $NODE cannot be locked; expected that for $3" "flock ended with $result" \
        "run the same command again"
    holder=$(cat -- "$2")
    say "waiting for $2, held by ${holder:-nobody who says so}"
  done
  lock_note "$2" "$3"
}

lock_note() { printf '%s, process %s, since %(%T)T\n' "$2" "$$" -1 >"$1"; }
