# One at a time. Needs toolchain/lib/progress.sh. A lock is held by the descriptor 9: what outlives its holder is
# started with 9>&-.

# take_lock FILE WHAT [-s]: until drop_lock; with -s beside others that took it so. WHAT says what another one with the
# lock does.
take_lock() {
  local how=${3:--x}
  mkdir -p -- "$(dirname -- "$1")"
  exec 9>>"$1"
  flock -n "$how" 9 || {
    printf 'another process %s; waiting for it\n' "$2" >&2
    flock "$how" 9
  }
}

drop_lock() { exec 9>&-; }

# once PATH LOCK WHAT COMMAND...: unless PATH is there, COMMAND, which makes it: of two at once the second finds it
# made.
once() {
  local path=$1 lock=$2 what=$3
  shift 3
  [[ ! -e $path ]] || return 0
  take_lock "$lock" "makes $what"
  if [[ ! -e $path ]]; then
    stage "$what"
    "$@"
    stage_done
  fi
  drop_lock
}
