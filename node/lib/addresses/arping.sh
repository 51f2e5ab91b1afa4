# Who answers on the network, asked by arping.

# arping_do QUESTION ADDRESS INTERFACE SECONDS: who: does somebody answer for it (a probe of RFC 5227, from no address);
# request, reply: it is here (gratuitous). One packet a second. Two programs have this name, each with letters of its
# own: iputils', and Thomas Habets', where -D is no probe.
arping_do() {
  local options=()
  arping_which
  case $ARPING:$1 in
    *Habets*:who) options=(-0 -C 1) ;;
    *Habets*:request) options=(-U -S "$2") ;;
    *Habets*:reply) options=(-U -P -S "$2") ;;
    *:who) options=(-D) ;;
    *:request) options=(-U) ;;
    *:reply) options=(-A) ;;
  esac
  if [[ $ARPING == *Habets* ]]; then options+=(-i "$3"); else options+=(-I "$3"); fi
  arping "${options[@]}" -c "$4" -w "$4" "$2" </dev/null
}

# arping_which: into ARPING which of the two it is, as it says itself, asked once in a process. Another answer is asked
# for again.
arping_which() {
  [[ ${ARPING:-} != *@(Habets|iputils)* ]] || return 0
  ARPING=$(arping -V 2>&1 </dev/null) || true
}

# address_answer ADDRESS INTERFACE [SECONDS]: free, the line of the machine that answers for it, or how arping failed.
address_answer() {
  local answer
  answer=$(arping_do who "$1" "$2" "${3:-2}" 2>&1) || true
  case $answer in
    *'Received '[1-9]* | *' packets transmitted, '[1-9]*)
      grep -iEm 1 '(reply|request|bytes) from' <<<"$answer" | tr -s ' '
      ;;
    *'Received 0 '* | *' packets transmitted, 0 packets received'*) printf 'free\n' ;;
    *) printf 'arping on %s failed: %s\n' "$2" "$(tail -n 1 <<<"$answer")" ;;
  esac
}

# link_is_heard INTERFACE: prints who was heard there: a neighbour that answered lately, else one that answers now.
# False where nobody does. Asked are the default gateway and neighbours, first those that answered some time; three at
# once, so that it takes a second.
link_is_heard() {
  local known routes line answers answer asked=() silent=()
  local -A met=(["${VIP:-none}"]=1)
  known=$(ip -4 neigh show dev "$1" 2>&1) || link_not_told "$1" "ip -4 neigh show dev $1: $known"
  routes=$(ip -4 route show default dev "$1" 2>&1) || link_not_told "$1" "ip -4 route show default dev $1: $routes"
  while [[ $routes =~ via\ ([0-9.]+)(.*) ]]; do
    asked+=("${BASH_REMATCH[1]}")
    routes=${BASH_REMATCH[2]}
  done
  while read -r line; do
    case "$line " in
      *' REACHABLE '*)
        printf '%s\n' "$line"
        return 0
        ;;
      *' lladdr '*) asked+=("${line%% *}") ;;
      *[0-9]*) silent+=("${line%% *}") ;;
    esac
  done <<<"$known"
  answers=$(
    arping_which
    for line in "${asked[@]}" "${silent[@]}"; do
      # Who answers for the VIP is another question.
      [[ -z ${met[$line]:-} ]] || continue
      met[$line]=1
      ((${#met[@]} <= 4)) || break
      { address_answer "$line" "$1" 1 || printf 'arping on %s failed: it said nothing\n' "$1"; } &
    done
    wait
  ) || link_not_told "$1" "arping could not be started"
  while read -r answer; do
    [[ -z $answer || $answer == free || $answer == arping\ * ]] || {
      printf '%s\n' "$answer"
      return 0
    }
  done <<<"$answers"
  [[ $answers != *arping\ * ]] || link_not_told "$1" "$(grep -m 1 '^arping ' <<<"$answers")"
  return 1
}

link_not_told() { # INTERFACE EVIDENCE
  fail unknown "whether somebody is heard on $1 of $NODE cannot be told; expected to know who answers there" "$2" \
    "look at $1 on $NODE (ip link, ip neigh), then run the same command again"
}
