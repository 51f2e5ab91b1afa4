# What is on the shared data. A share that does not answer is never one on which something is not there.

SHARE_DEADLINE=10

# share_do COMMAND...: a hung mount must not hang the tool.
share_do() { within "$SHARE_DEADLINE" "$@" </dev/null; }

# share_kind PATH: what is there, in stat's words (directory, regular file); absent only where that is proven.
share_kind() {
  local answer
  if answer=$(share_do stat -c %F -- "$1" 2>&1); then
    printf '%s\n' "$answer"
  elif [[ $answer == *': No such file or directory' ]]; then
    printf 'absent\n'
  else
    fail unknown "$1 cannot be looked at on $NODE; expected to know whether it is there" \
      "${answer:-no answer within $SHARE_DEADLINE s}" \
      "look at the shared data on $NODE (findmnt -T $SHARE), then run the same command again"
  fi
}

# share_kinds PATH...: the same of each, into KIND: in one look where all are there, else one by one.
share_kinds() {
  local answer path kinds=()
  KIND=()
  if (($# > 1)) && answer=$(share_do stat -c %F -- "$@" 2>&1); then mapfile -t kinds <<<"$answer"; fi
  if ((${#kinds[@]} == $#)); then
    for path; do KIND[$path]=${kinds[0]} kinds=("${kinds[@]:1}"); done
  else
    for path; do KIND[$path]=$(share_kind "$path") || exit; done
  fi
}

# share_read PATH TO_KNOW [COMMAND...]: what the file says, or what COMMAND makes of it; false (1) where it is proven
# not to be there. What it was read for goes into the error.
share_read() {
  local answer command=("${@:3}")
  ((${#command[@]})) || command=(cat)
  # The dot keeps trailing newlines, which $() would drop.
  answer=$(share_do "${command[@]}" -- "$1" 2>&1 && printf .) || {
    [[ $answer != *': No such file or directory' ]] || return 1
    fail unknown "$1 cannot be read on $NODE; expected to know $2" "${answer:-no answer within $SHARE_DEADLINE s}" \
      "look at the shared data on $NODE (findmnt -T $SHARE), then run the same command again"
  }
  printf %s "${answer%.}"
}

# share_text PATH TO_KNOW: the same, and nothing where it is not there.
share_text() { share_read "$@" || (($? == 1)); }
