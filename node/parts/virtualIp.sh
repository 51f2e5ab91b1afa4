# virtualIp: the VIP with its label on the active node, and nowhere else (the manual, "Configure VIP").

# all_addresses: of this node, as ip shows them; without its answer nothing is "absent".
all_addresses() {
  local answer
  answer=$(ip -o -4 addr show 2>&1) || fail unknown "the addresses of $NODE cannot be told; expected ip to show them" "ip -o -4 addr show: $answer" \
    "ip addr on $NODE; when it answers, run the same command again"
  # The loopback has one always.
  [[ -n $answer ]] || fail unknown "the addresses of $NODE cannot be told; expected ip to show them" "ip -o -4 addr show: it said nothing" \
    "ip addr on $NODE; when it answers, run the same command again"
  printf '%s\n' "$answer"
}

# virtualIp_entries: one line per occurrence on any interface: ADDRESS/PREFIX brd BROADCAST dev INTERFACE label LABEL
virtualIp_entries() {
  local addresses index word=() broadcast label=''
  addresses=$(all_addresses) || exit
  while read -r -a word; do
    [[ ${#word[@]} -gt 3 && ${word[3]%%/*} == "$1" ]] || continue
    broadcast=none
    for ((index = 4; index < ${#word[@]} - 1; index++)); do
      [[ ${word[index]} != brd ]] || broadcast=${word[index + 1]}
      # Before the backslash that ip shows instead of a newline.
      [[ ${word[index]} != *\\ ]] || label=${word[index]%\\}
    done
    printf '%s brd %s dev %s label %s\n' "${word[3]}" "$broadcast" "${word[1]}" "$label"
  done <<<"$addresses"
}

# virtualIp_is_here: without it every client of a running xcatd hangs (docs/xcat-facts.md, The VIP and its connections): nobody is asked then.
virtualIp_is_here() {
  local addresses
  addresses=$(all_addresses) || exit
  [[ $addresses == *" inet $VIP"[/\ ]* ]]
}

virtualIp_observe() {
  local entries addresses
  seen_as_told ip prefix interface label static
  entries=$(virtualIp_entries "${WANT[ip]}") || exit
  entries=$(one_line "$entries")
  SEEN[address]=${entries:-absent}
  [[ -n $entries && ${WANT[address]} != absent ]] || return 0
  addresses=$(all_addresses) || exit
  ! virtualIp_is_first "$addresses" || SEEN[address]+=", the first of its subnet: what $NODE sends carries it"
}

# virtualIp_is_first ADDRESSES: by what ip shows, the kernel takes the static address for a secondary one and the VIP not. What the node sends by
# itself would come from the VIP then, and move with it.
virtualIp_is_first() {
  local line vip='' static=''
  while IFS= read -r line; do
    case $line in
      *" inet ${WANT[ip]}/"*) vip=$line ;;
      *" inet ${WANT[static]} "*) static=$line ;;
    esac
  done <<<"$1"
  [[ -n $vip && $vip != *' secondary '* && $static == *' secondary '* ]]
}

readonly ANNOUNCE_UNIT=xcat-ha-announce

# virtualIp_drop: takes every occurrence away; the node's own address survives, also where the VIP was the first address of the subnet.
virtualIp_drop() { # ADDRESS
  local entry entries address interface
  entries=$(virtualIp_entries "$1") || exit
  [[ -z $entries ]] || virtualIp_announce_end
  while read -r address _ _ _ interface _; do
    [[ -n $address ]] || continue
    address_drop "$address" "$interface"
  done <<<"$entries"
  entry=$(virtualIp_entries "$1") || exit
  [[ -z $entry ]] || fail blocked "the VIP $1 is still on $NODE; expected it gone" "$entry" \
    "ip addr del $1 on $NODE, then run the same pulumi up again"
}

virtualIp_keep_static() {
  if ! has_address "${WANT[static]}" "${WANT[interface]}"; then
    ip addr add "${WANT[static]}" broadcast + dev "${WANT[interface]}"
  fi
}

# link_is_heard INTERFACE: prints who was heard there: a neighbour that answered lately, else one that answers now. False where nobody does. Asked
# are the default gateway and neighbours, first those that answered some time; three at once, so that it takes a second.
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

# virtualIp_elsewhere: the line of the machine that answers for the VIP; free, where nobody does and somebody else is heard; unheard, where nobody
# is heard at all; or how arping failed. Both questions at once: the services are down meanwhile.
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

# virtualIp_ask_ahead: the same, asked at the claim, so that its second passes while other parts are applied. Into ASKED and ASKED_AT. By then
# who had the VIP has proven that it is gone, or is switched off.
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
    unheard) say "warning: nobody is heard on ${WANT[interface]}, no neighbour and no gateway; VIP ${WANT[ip]} is added, where it may reach nobody" ;;
    arping\ *)
      fail unknown "whether another machine has the VIP ${WANT[ip]} cannot be told; expected to know that nobody has before $NODE takes it" "$answer" \
        "look at ${WANT[interface]} on $NODE (ip link), then run the same pulumi up again"
      ;;
    *)
      who=$(grep -oiEm 1 '([0-9a-f]{2}:){5,}[0-9a-f]{2}' <<<"$answer") || who='another machine'
      fail blocked "$who answers for the VIP ${WANT[ip]}; expected nobody before $NODE takes it. It was not added" "$answer" \
        "ip addr del ${WANT[ip]}/${WANT[prefix]} on that machine (its other addresses: ip neigh on $NODE, $who), then run the same pulumi up again"
      ;;
  esac
}

# virtualIp_announce ADDRESS INTERFACE: without it a talking client is cut for half a minute (docs/failover-facts.md, Announcing an address). Request
# and reply: some switches take only one; three of each, because nobody says that one was lost; side by side, because each takes a second.
virtualIp_announce() {
  local kind pids=()
  # Not by each of them for itself.
  arping_which
  for kind in request reply request reply request reply; do
    arping_do "$kind" "$1" "$2" 1 >/dev/null 2>&1 &
    pids+=("$!")
  done
  # For no other child: one that looks at the share may never end.
  wait "${pids[@]}" || true
}

# virtualIp_announce_on ADDRESS INTERFACE: now, and two and five seconds later, a second each, for what was down meanwhile: a port that a switch
# opens late. Not where the address is gone, or where that cannot be told.
virtualIp_announce_on() {
  local pause addresses
  for pause in 0 2 2; do
    sleep "$pause"
    addresses=$(ip -o -4 addr show dev "$2" 2>/dev/null) && [[ $addresses == *" inet $1/"* ]] || return 0
    virtualIp_announce "$1" "$2"
  done
}

# virtualIp_announce_beside: in a unit of its own, beside the start of the services, which nobody can reach before. It ends with no run and holds no
# lock; it needs no description: its functions are all of it.
virtualIp_announce_beside() {
  virtualIp_announce_end
  install -d -m 0700 "$RUN"
  {
    declare -f arping_which arping_do virtualIp_announce virtualIp_announce_on
    printf 'virtualIp_announce_on %q %q\n' "${WANT[ip]}" "${WANT[interface]}"
  } | write_file "$RUN/announce" 0600
  systemd-run --quiet --collect --unit="$ANNOUNCE_UNIT" --property=TimeoutStopSec=2 bash "$RUN/announce" </dev/null || {
    say "warning: VIP ${WANT[ip]} is announced once only: systemd-run could not start $ANNOUNCE_UNIT"
    virtualIp_announce "${WANT[ip]}" "${WANT[interface]}"
  }
}

virtualIp_announce_end() { systemctl stop "$ANNOUNCE_UNIT.service" 2>/dev/null </dev/null || true; }

virtualIp_apply() {
  local former=''
  if [[ -n ${BEFORE[ip]:-} && ${BEFORE[ip]} != "${WANT[ip]}" ]]; then former=$(virtualIp_entries "${BEFORE[ip]}") || exit; fi
  if [[ -n $former ]]; then
    virtualIp_drop "${BEFORE[ip]}"
    virtualIp_keep_static
    say "former VIP ${BEFORE[ip]} dropped"
  fi
  virtualIp_observe
  if [[ ${WANT[address]} == absent ]]; then
    [[ ${SEEN[address]} == absent ]] || {
      virtualIp_drop "${WANT[ip]}"
      say "VIP ${WANT[ip]} dropped"
    }
    virtualIp_keep_static
    return 0
  fi
  [[ ${SEEN[address]} != "${WANT[address]}" ]] || return 0
  lease_require "the VIP"
  [[ ${SEEN[address]} != absent ]] || virtualIp_nowhere_else_require
  virtualIp_drop "${WANT[ip]}"
  virtualIp_keep_static
  virtualIp_add
}

virtualIp_add() {
  ip addr add "${WANT[ip]}/${WANT[prefix]}" broadcast + dev "${WANT[interface]}" label "${WANT[label]}" ||
    fail incomplete "the VIP could not be added; expected ${WANT[address]}" "$(ip -o -4 addr show dev "${WANT[interface]}" 2>&1 | tr '\n' ' ')" \
      "check ${WANT[interface]} on $NODE, then run the same pulumi up again"
  virtualIp_announce_beside
  say "VIP ${WANT[ip]} is here, announced"
}

virtualIp_remove() {
  virtualIp_drop "${WANT[ip]}"
  virtualIp_keep_static
}
