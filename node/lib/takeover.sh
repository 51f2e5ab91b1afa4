# Takeover: the owner is dead and cannot step down. Its epoch is overridden on strong evidence alone: a fence that switched it off, or a person
# who says so; and never while it shows signs of life (docs/failover.md, The active node is dead).
#
# The site's own fence, on each node: an executable that only root may read, FENCE of node/lib/plan.sh
#   /etc/xcat-ha.fence off NODE      switches NODE off, or cuts it off from the shared data; ends when that is done
#   /etc/xcat-ha.fence status NODE   prints on or off

readonly FENCE_SECONDS=120
# Within a refresh, which answers in time or not at all.
readonly FENCE_LOOK_SECONDS=20
# Two beats, and a moment for a slow share.
SIGNS_SECONDS=22

# What was ordered: epoch, by (fence or confirmation) and reason; empty where no takeover was.
declare -gA TAKEOVER=()

# Seconds for which a node that is to become active waits for an owner that has not begun to step down; empty where it is not to.
HANDOVER=''

# takeover_ordered: moves what WANT holds of a takeover and of a handover, which are no values of a part, to TAKEOVER and HANDOVER.
takeover_ordered() {
  local key
  TAKEOVER=()
  for key in epoch by reason; do
    [[ -z ${WANT[takeover.$key]:-} ]] || TAKEOVER[$key]=${WANT[takeover.$key]}
    unset "WANT[takeover.$key]"
  done
  HANDOVER=${WANT[handover]:-}
  unset 'WANT[handover]'
}

# takeover_facts: what a takeover is judged by. Asked only where one is ordered of the epoch that is held: it takes SIGNS_SECONDS.
takeover_facts() {
  FACT[takeover]=${TAKEOVER[epoch]:-} FACT[takeover_by]=${TAKEOVER[by]:-} FACT[takeover_reason]=${TAKEOVER[reason]:-}
  FACT[epoch]=$((10#${LEASE[epoch]})) FACT[signs]='' FACT[fence]=''
  if ! takeover_is_ordered || [[ -n ${FACT[dissolving]} ]]; then return 0; fi
  [[ ${FACT[takeover_by]} != fence ]] || FACT[fence]=$(fence_state)
  # What the fence makes silent is judged behind it: the run does not wait for a beat twice.
  FACT[signs]=$(signs_of_life "$([[ -n $ROLE && ${FACT[takeover_by]} == fence ]] && echo 0 || echo "$SIGNS_SECONDS")") || exit
  FACT[signs]=$(one_line "${FACT[signs]:-none}" ';')
}

# signs_of_life SECONDS: a line for each sign that the other node lives; nothing where each was asked and nobody answered. What cannot be asked
# is an error, and no silence. The beat is looked at twice, so long apart: no clock is compared.
signs_of_life() {
  local limit=$1 began=$SECONDS first last told=0
  link_is_heard "$INTERFACE" >/dev/null ||
    fail unknown "whether $PEER lives cannot be told: nobody at all answers on $INTERFACE of $NODE; expected one neighbour to, so that silence means something" \
      "ip -4 neigh show dev $INTERFACE; arping to its neighbours and the gateway" "look at the network of $NODE (ip link, the switch), then run the same command again"
  first=$(beat_of_peer) || exit
  ssh_sign
  arp_sign "$PEER" "$PEER_ADDRESS"
  arp_sign "the VIP" "$VIP"
  while :; do
    last=$(beat_of_peer) || exit
    if [[ $last != "$first" ]]; then
      printf 'the beat of %s moves on the shared data: %s, then %s\n' "$PEER" "${first:-none}" "${last:-none}"
      break
    fi
    ((SECONDS - began < limit)) || break
    # A plan has nobody who reads along: its check says before it how long it takes.
    if [[ -n $ROLE ]] && ((SECONDS - began >= told + 2)); then
      told=$((SECONDS - began))
      say "looking for signs of life of $PEER, $told of $limit s" >&2
    fi
    sleep 0.5
  done
}

# beat_of_peer: its counter, or nothing where it never wrote one.
beat_of_peer() { share_text "$SHARE/.xcat-ha/beat/$PEER" "whether $PEER beats"; }

# ssh_sign: by a connection to its port, as the first words of it say. A refusal comes from a kernel that lives.
ssh_sign() {
  local answer result=0
  answer=$(within 5 bash -c '
    exec 3<>"/dev/tcp/$1/$2" || exit 1
    IFS= read -r -t 3 line <&3 || line="nothing yet"
    printf "accepted, %s\n" "$line"' ssh "$PEER_ADDRESS" "$PEER_PORT" 2>&1 </dev/null) || result=$?
  case $result/$answer in
    0/*) printf '%s answers at %s port %s: %s\n' "$PEER" "$PEER_ADDRESS" "$PEER_PORT" "${answer%$'\r'}" ;;
    *'Connection refused'*) printf '%s answers at %s: connection refused at port %s\n' "$PEER" "$PEER_ADDRESS" "$PEER_PORT" ;;
    124/* | *'No route to host'* | *'Connection timed out'*) ;;
    *)
      fail unknown "whether $PEER answers at $PEER_ADDRESS port $PEER_PORT cannot be told; expected an answer, or silence" "$(one_line "$answer")" \
        "look at the network of $NODE (ip addr, ip route get $PEER_ADDRESS), then run the same command again"
      ;;
  esac
}

# arp_sign WHOSE ADDRESS
arp_sign() {
  local answer
  answer=$(address_answer "$2" "$INTERFACE") || exit
  case $answer in
    free) ;;
    arping\ *) fail unknown "whether somebody answers for $2 ($1) cannot be told; expected an answer, or silence" "$answer" \
      "look at $INTERFACE on $NODE (ip link), then run the same command again" ;;
    *) printf '%s, %s, answers: %s\n' "$1" "$2" "$answer" ;;
  esac
}

# silence_require: the last judgement, after the fence.
silence_require() {
  local signs
  signs=$(signs_of_life "$SIGNS_SECONDS") || exit
  [[ -z $signs ]] || fail refused "$PEER shows signs of life after the fence; expected none before $NODE takes over; the lease is untouched, and nothing was started" "$(one_line "$signs" ';')" \
    "find out whether $PEER runs: on it, xcat-ha status. Where it does: let it step down, pulumi up on its stack"
}

# siteCommands_fence: of a standby node. That it says off of a node that answers is found here too.
siteCommands_fence() {
  local state sign=''
  if [[ ${WANT[fence]} != on\ or\ off* ]]; then
    seen_as_told fence
    return
  fi
  state=$(fence_state "$FENCE_LOOK_SECONDS")
  # What cannot be told of the node is no silence.
  [[ $state != off ]] || sign=$(ssh_sign 2>&1) || sign=${sign%%$'\n'*}
  if [[ -n $sign ]]; then
    SEEN[fence]="off, but ${sign#error: }"
  elif [[ $state == @(on|off|absent) ]]; then
    seen_as_told fence
  else
    SEEN[fence]=$state
  fi
}

# fence_state [SECONDS]: on or off, what the fence says of the other node; absent; or why it cannot be told.
fence_state() {
  local answer limit=${1:-$FENCE_SECONDS}
  answer=$(site_command "$FENCE")
  if [[ $answer != ok ]]; then
    printf '%s\n' "$answer"
    return 0
  fi
  answer=$(within "$limit" "$FENCE" status "$PEER" 2>&1 </dev/null) || {
    printf '%s status %s failed: %s\n' "$FENCE" "$PEER" "$(one_line "${answer:-no answer within $limit s}")"
    return 0
  }
  case $answer in
    on | off) printf '%s\n' "$answer" ;;
    *) printf "%s status %s says '%s', expected on or off\n" "$FENCE" "$PEER" "$(one_line "${answer:0:80}")" ;;
  esac
}

# fence_peer: off, and read back twice: a node that is just starting again was off once.
fence_peer() {
  local log="$RUN/fence.log" result=0 state=''
  say "$FENCE off $PEER"
  quietly "$log" within "$FENCE_SECONDS" "$FENCE" off "$PEER" || result=$?
  for _ in 1 2; do
    sleep 1
    state=$(fence_state)
    [[ $state == off ]] || break
  done
  [[ $result == 0 && $state == off ]] ||
    fail refused "the fence did not switch $PEER off; expected $FENCE off $PEER to end with 0 and its status to be off; the lease is untouched, and nothing was started" \
      "it ended with $result: $(last_lines "$log"); status: $state" "make the fence work, or switch $PEER off by hand and confirm it: docs/failover.md, The active node is dead"
  say "$PEER is off, by $FENCE status, twice"
}

# lease_take_over: the next epoch is ours, although nobody released the one before.
lease_take_over() {
  lease_read fresh
  if [[ ${LEASE[is]} == released ]]; then
    # It has stepped down after all.
    lease_claim "$LEASE_WAIT"
    return
  fi
  if [[ ${LEASE[is]} == other* && $((10#${LEASE[epoch]})) == "${TAKEOVER[epoch]}" ]]; then
    printf 'over %s\nevidence %s\nreason %s\n' "${LEASE[epoch]}" "${TAKEOVER[by]}" "${TAKEOVER[reason]}" | lease_publish_next || true
    lease_read fresh
    [[ ${LEASE[is]} != mine ]] ||
      notify takeover "$NODE takes over from $PEER, by ${TAKEOVER[by]}: ${TAKEOVER[reason]}; $(lease_sentence). Whether it serves: xcat-ha status on $NODE" || true
  fi
  [[ ${LEASE[is]} == mine ]] || fail held "epoch ${TAKEOVER[epoch]} could not be taken over by $NODE; expected it to be the newest still" "$(lease_sentence)" \
    "xcat-ha status says who owns the shared data now; look there before anything else"
}

# takeover_at_console EPOCH EVIDENCE REASON: what the stack config orders else, typed on the node that takes over.
takeover_at_console() {
  local by
  case $2 in
    fence) by=fence ;;
    "$PEER is powered off") by=confirmation ;;
    *)
      fail usage "evidence: seen '$2'; expected fence, or the words '$PEER is powered off' from somebody who has seen it" "xcat-ha takeover EPOCH EVIDENCE REASON" \
        "xcat-ha takeover EPOCH fence REASON, or xcat-ha takeover EPOCH '$PEER is powered off' REASON"
      ;;
  esac
  [[ $1 =~ ^[1-9][0-9]{0,5}$ ]] || fail usage "epoch: seen '$1'; expected the number of the epoch that $PEER holds" "xcat-ha takeover EPOCH EVIDENCE REASON" \
    "xcat-ha status names it"
  [[ $3 =~ [^[:space:]] && $3 != *$'\n'* ]] || fail usage "reason: seen '$3'; expected one line of text, for whoever reads the epochs later" "xcat-ha takeover EPOCH EVIDENCE REASON" \
    "xcat-ha takeover $1 '$2' REASON"
  WANT=([takeover.epoch]=$1 [takeover.by]=$by [takeover.reason]=$3)
  run become active < <(document_write WANT)
}
