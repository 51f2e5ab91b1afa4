# How a script says that it cannot go on. Needs toolchain/lib/progress.sh.

# fail CODE SEEN EVIDENCE NEXT: the lines of an error, without those that are empty; then the end of the shell that it
# is called in.
fail() {
  stage_stop
  printf 'error: %s\n' "$2" >&2
  [[ -z $3 ]] || printf 'evidence: %s\n' "$3" >&2
  [[ -z $4 ]] || printf 'next: %s\n' "$4" >&2
  exit "$1"
}

# last_lines FILE: of a log, as evidence on one line. apt-get writes a zero where it wrote over its progress.
last_lines() { tail -n 3 -- "$1" | tr '\n\0' '  '; }
