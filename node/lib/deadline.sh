# A child with a deadline, for what the kernel may never answer.

# within SECONDS COMMAND...: runs it in a child with a deadline, and returns then (124) also where the kernel does not
# let the child die: nothing that it has open leads to whoever reads here, and it holds no lock of ours (8 and 9). What
# it printed comes when it has ended: where it succeeded on standard output, where it failed on standard error.
within() {
  local limit=$1 said='' part='' answers result='' end=$RANDOM
  shift
  exec {answers}< <(
    exec 8>&- 9>&-
    result=0
    timeout -k 2 "$limit" "$@" 2>&1 || result=$?
    printf '\0%s %s\0' "$end" "$result"
  )
  while IFS= read -r -d '' -t "$((limit + 3))" -u "$answers" part; do
    if [[ $part == "$end "* ]]; then
      result=${part#* }
      break
    fi
    said+=$part
  done
  exec {answers}<&-
  [[ -n $result ]] || said+=$part result=124
  if ((result == 0)); then printf %s "$said"; else printf %s "$said" >&2; fi
  return "$result"
}
