# Whether another machine has the VIP.

# virtualIp_elsewhere: the line of the machine that answers for the VIP; free, where nobody does and somebody else is
# heard; unheard, where nobody is heard at all; or how arping failed. Both questions at once: the services are down
# meanwhile.
virtualIp_elsewhere() {
  local answers answer heard result=0
  arping_which
  exec {answers}< <(address_answer "${WANT[ip]}" "${WANT[interface]}" 1)
  heard=$(link_is_heard "${WANT[interface]}" 2>&1) || result=$?
  IFS= read -r answer <&"$answers" || answer="arping on ${WANT[interface]} failed: it said nothing"
  exec {answers}<&-
  if [[ $answer != free ]]; then
    printf '%s\n' "$answer"
  elif ((result == 0)); then
    printf 'free\n'
  elif ((result == 1)); then
    printf 'unheard\n'
  else
    printf '%s\n' "$heard" >&2
    exit "$result"
  fi
}

# How old an answer may be, in seconds: behind a copy of the data it is asked again.
readonly ASKED_SECONDS=5
# From where to read the answer that was asked ahead; nothing where none was.
ASKED='' ASKED_AT=0

# virtualIp_ask_ahead: the same, asked at the claim, so that its second passes while other parts are applied. Into ASKED
# and ASKED_AT. By then who had the VIP has proven that it is gone, or is switched off.
virtualIp_ask_ahead() {
  ASKED_AT=$SECONDS
  exec {ASKED}< <(
    # It holds no lock of ours; and what fails is no error of the run, which asks anew.
    exec 8>&- 9>&- 2>/dev/null
    load_values active virtualIp
    virtualIp_elsewhere
  )
}

# virtualIp_asked: what was answered a moment ago, where nobody has the VIP. All else is asked anew, and told then.
virtualIp_asked() {
  local answer=''
  [[ -n $ASKED ]] && ((SECONDS - ASKED_AT <= ASKED_SECONDS)) || return 0
  IFS= read -r -t "$ASKED_SECONDS" -u "$ASKED" answer || true
  [[ $answer != @(free|unheard) ]] || printf '%s\n' "$answer"
}

# virtualIp_nowhere_else_require: two machines with the VIP are worse than none.
virtualIp_nowhere_else_require() {
  local answer who
  answer=$(virtualIp_asked) || exit
  [[ -n $answer ]] || answer=$(virtualIp_elsewhere) || exit
  case $answer in
    free) ;;
    # A quiet network speaks for nobody who has it.
    unheard)
      say "warning: nobody is heard on ${WANT[interface]}, no neighbour and no gateway; VIP ${WANT[ip]} is added, \
where it may reach nobody"
      ;;
    arping\ *)
      fail unknown \
        "whether another machine has the VIP ${WANT[ip]} cannot be told; expected to know that nobody has before \
$NODE takes it" \
        "$answer" "look at ${WANT[interface]} on $NODE (ip link), then run the same pulumi up again"
      ;;
    *)
      who=$(grep -oiEm 1 '([0-9a-f]{2}:){5,}[0-9a-f]{2}' <<<"$answer") || who='another machine'
      fail blocked "$who answers for the VIP ${WANT[ip]}; expected nobody before $NODE takes it. It was not added" \
        "$answer" \
        "ip addr del ${WANT[ip]}/${WANT[prefix]} on that machine (its other addresses: ip neigh on $NODE, $who), then \
run the same pulumi up again"
      ;;
  esac
}
