# The fence: the command of the site that switches the other node off.
#
# The site's own fence, on each node: an executable that only root may read, FENCE of node/lib/plan/plan.sh
#   /etc/xcat-ha.fence off NODE      switches NODE off, or cuts it off from the shared data; ends when that is done
#   /etc/xcat-ha.fence status NODE   prints on or off

readonly FENCE_SECONDS=120
# Within a refresh, which answers in time or not at all.
readonly FENCE_LOOK_SECONDS=20

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
    fail refused \
      "the fence did not switch $PEER off; expected $FENCE off $PEER to end with 0 and its status to be off; the \
lease is untouched, and nothing was started" \
      "it ended with $result: $(last_lines "$log"); status: $state" \
      "make the fence work" "switch $PEER off by hand and confirm it: docs/failover.md, The active node is dead"
  say "$PEER is off, by $FENCE status, twice"
}
