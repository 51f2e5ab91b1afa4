# Signs of life of the other node.

# Two beats, and a moment for a slow share.
SIGNS_SECONDS=22

# signs_of_life SECONDS: a line for each sign that the other node lives; nothing where each was asked and nobody
# answered. What cannot be asked is an error, and no silence. The beat is looked at twice, so long apart: no clock is
# compared.
signs_of_life() {
  local limit=$1 began=$SECONDS first last told=0
  link_is_heard "$INTERFACE" >/dev/null ||
    fail unknown \
      "whether $PEER lives cannot be told: nobody at all answers on $INTERFACE of $NODE; expected one neighbour to, \
so that silence means something" \
      "ip -4 neigh show dev $INTERFACE; arping to its neighbours and the gateway" \
      "look at the network of $NODE (ip link, the switch), then run the same command again"
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
    *'Connection refused'*)
      printf '%s answers at %s: connection refused at port %s\n' "$PEER" "$PEER_ADDRESS" "$PEER_PORT"
      ;;
    124/* | *'No route to host'* | *'Connection timed out'*) ;;
    *)
      fail unknown \
        "whether $PEER answers at $PEER_ADDRESS port $PEER_PORT cannot be told; expected an answer, or silence" \
        "$(one_line "$answer")" \
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
    arping\ *)
      fail unknown "whether somebody answers for $2 ($1) cannot be told; expected an answer, or silence" "$answer" \
        "look at $INTERFACE on $NODE (ip link), then run the same command again"
      ;;
    *) printf '%s, %s, answers: %s\n' "$1" "$2" "$answer" ;;
  esac
}

# silence_require: the last judgement, after the fence.
silence_require() {
  local signs
  signs=$(signs_of_life "$SIGNS_SECONDS") || exit
  [[ -z $signs ]] ||
    fail refused \
      "$PEER shows signs of life after the fence; expected none before $NODE takes over; the lease is untouched, \
and nothing was started" \
      "$(one_line "$signs" ';')" \
      "find out whether $PEER runs: on it, xcat-ha status. Where it does: let it step down, pulumi up on its stack"
}
