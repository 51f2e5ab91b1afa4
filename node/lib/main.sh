# The verbs, and where their settings come from.

declare -A WANT=() BEFORE=() SEEN=() FACT=() LEASE=()
NODE=$(hostname) VIP='' STATIC_ADDRESS='' INTERFACE='' PEER='' PEER_ADDRESS='' PEER_PORT=22 SHARE='' LEASE_WAIT=0 DIRECTORIES='' HOST_NAMES='' ROLE=''
UNITS=() SERVICES=() MANIFEST=()

# use_settings ARRAY: the node's description, its settings.
use_settings() {
  local -n settings_from=$1
  NODE=${settings_from[settings.node]}
  PEER=${settings_from[settings.peer]}
  PEER_ADDRESS=${settings_from[settings.peerAddress]}
  PEER_PORT=${settings_from[settings.peerPort]}
  VIP=${settings_from[settings.virtualIp]}
  STATIC_ADDRESS=${settings_from[settings.staticAddress]}
  INTERFACE=${settings_from[settings.interface]}
  SHARE=${settings_from[settings.share]}
  LEASE_WAIT=${settings_from[settings.leaseWait]}
  DIRECTORIES=${settings_from[settings.directories]}
  HOST_NAMES=${settings_from[settings.hostNames]}
  read -ra UNITS <<<"${settings_from[settings.units]}"
  read -ra SERVICES <<<"${settings_from[settings.services]}"
  mapfile -t MANIFEST <<<"${settings_from[settings.manifest]}"
}

load_settings() {
  local -A description=()
  [[ -r $CONFIGURATION/description ]] || fail misconfigured "$CONFIGURATION/description is not there; expected the description of this node" \
    "digest: $(digest "$CONFIGURATION/description")" "pulumi up on the stack of $NODE delivers it"
  document_read description < <(grep '^settings\.' "$CONFIGURATION/description")
  use_settings description
  resolve_units
}

# load_values ROLE PART: fills WANT from the description.
load_values() {
  local -A lines=()
  local key
  document_read lines < <(grep -F "$1.$2." "$CONFIGURATION/description" | grep "^$1\.$2\.")
  WANT=()
  for key in "${!lines[@]}"; do WANT[${key#"$1.$2."}]=${lines[$key]}; done
}

# function_of PART: `database` and `network` are two sets of one kind.
function_of() {
  case $1 in
    database | network) printf 'serviceSet\n' ;;
    *) printf '%s\n' "$1" ;;
  esac
}

require_part() {
  declare -F "$(function_of "$1")_observe" >/dev/null || fail usage "there is no part '$1'" "xcat-ha knows: ${MANIFEST[*]%% *}" "name one of these"
}

# copy WANT into SEEN: what a part does not observe is as wanted.
seen_as_wanted() {
  local key
  SEEN=()
  for key in "${!WANT[@]}"; do SEEN[$key]=${WANT[$key]}; done
}

# verb_observe PART: the part, in the shape of what is wanted, as a document.
verb_observe() {
  require_part "$1"
  seen_as_wanted
  "$(function_of "$1")_observe"
  document_write SEEN
}

# apply_part PART: as WANT says. BEFORE holds the values that were applied the last time, so that what a changed value made is taken away.
apply_part() {
  local part=$1 document
  BEFORE=()
  ! remembers "$part" || [[ ! -e $RECORDS/applied.$part ]] || document_read BEFORE <"$RECORDS/applied.$part"
  document=$(document_write WANT)
  "$(function_of "$part")_apply"
  ! remembers "$part" || write_file "$RECORDS/applied.$part" 0600 <<<"$document"
}

# remembers PART: not the change of role, not this program; and a part on shared data only while it is the active node's:
# a standby node, whose only value is where to look, has nothing to take away there.
remembers() {
  case $1 in
    nodeProgram | ownerLease) return 1 ;;
    pgHbaEntry | listenAddresses | networksMgtIf) ((${#WANT[@]} > 1)) ;;
  esac
}

# verb_apply PART: makes it so, then looks again with the code that observes.
verb_apply() {
  local part=$1 key differs=
  local -A wanted=()
  require_part "$part"
  unset 'WANT[counter]'
  for key in "${!WANT[@]}"; do wanted[$key]=${WANT[$key]}; done
  apply_part "$part"
  WANT=()
  for key in "${!wanted[@]}"; do WANT[$key]=${wanted[$key]}; done
  seen_as_wanted
  "$(function_of "$part")_observe"
  for key in "${!WANT[@]}"; do
    [[ ${SEEN[$key]} == "${WANT[$key]}" ]] || differs="$differs $key is '${SEEN[$key]}', wanted '${WANT[$key]}';"
  done
  [[ -z $differs ]] || fail incomplete "$part is not as wanted after it was applied:$differs" "observed on $NODE just now" \
    "pulumi refresh shows the difference; when the cause is gone, run pulumi up again"
  say "$part is as wanted"
}

# apply_or_pass PART: what is as wanted already needs no run. The change of role always does: it finishes what was interrupted.
apply_or_pass() {
  local part=$1 document
  document=$(cat)
  require_part "$part"
  # Its command came over the address, whether or not there is something to do: nobody takes it back any more.
  [[ $part != staticAddress ]] || staticAddress_keep
  if [[ $part != ownerLease ]] && is_as_wanted "$part" "$document"; then
    say "$part is as wanted"
  else
    run apply "$part" <<<"$document"
  fi
}

is_as_wanted() ( # PART DOCUMENT; in a subshell: what cannot be observed here, the run says better
  document_read WANT <<<"$2"
  unset 'WANT[counter]'
  seen_as_wanted
  # Without a record too: what is right by itself must be remembered, or nobody could take it away when it changes.
  ! remembers "$1" || document_write WANT | cmp -s - "$RECORDS/applied.$1" || exit 1
  "$(function_of "$1")_observe" 2>/dev/null || exit 1
  for key in "${!WANT[@]}"; do [[ ${SEEN[$key]} == "${WANT[$key]}" ]] || exit 1; done
)

# verb_remove PART: the node itself decides, for every part, whether it may be let go: whatever leaf of the graph was made or is gone.
verb_remove() {
  require_part "$1"
  # At the console there are no values.
  ((${#WANT[@]})) || [[ $1 == nodeProgram ]] ||
    fail usage "remove $1 needs the values of $1 on standard input; expected them from pulumi destroy" "nothing was read" "pulumi destroy on the stack of $NODE"
  unset 'WANT[counter]'
  let_go_require
  "$(function_of "$1")_remove"
}

# verb_plan ROLE: the steps, or the refusal.
verb_plan() {
  local steps
  observe_facts "$1"
  steps=$(plan)
  refuse_or_pass "$steps"
  printf '%s\n' "$steps"
}

verb_become() { become "$1"; }

# verb_verify: for a person at the console, on the active node.
verb_verify() {
  install -d -m 0700 "$RUN"
  lease_read
  [[ ${LEASE[is]} == mine ]] || fail held "$NODE is not the active node; expected to verify the one that is" "$(lease_sentence)" "xcat-ha verify on ${LEASE[node]:-the active node}"
  verify || fail incomplete "checks of the active node failed" "the rows 'failed' above" "correct what they name; pulumi up repairs what is ours"
}

verb_destroyable() { destroyable; }

# verb_install: this program and the description, which the standard input holds.
verb_install() {
  local key
  # Every command but bootstrap comes over the static address.
  staticAddress_keep
  nodeProgram_apply
  seen_as_wanted
  nodeProgram_observe
  for key in program description stack; do
    [[ ${SEEN[$key]} == "${WANT[$key]}" ]] || fail incomplete "$key of the node program is ${SEEN[$key]}; expected ${WANT[$key]}" \
      "digests of $PROGRAM and $CONFIGURATION/description on $NODE just now" "run the same pulumi up again"
  done
  say "node program is installed"
}

# verb_status: what this node is, for a person at the console.
verb_status() {
  local unit
  lease_read
  printf '%-16s %s\n' node "$NODE" lease "$(lease_sentence)" share "$SHARE: $(share_state)"
  load_values active virtualIp
  virtualIp_observe
  printf '%-16s %s\n' VIP "${SEEN[address]}"
  directories_wanted
  printf '%-16s %s\n' links "$(links_state)"
  for unit in "${UNITS[@]}"; do
    printf '%-16s %s, %s\n' "$unit" "$(unit_state "$unit")" "$(unit_enabled "$unit")"
  done
}

# serve: requests of one observing session on standard input: "request ID VERB ARGUMENT LINES", then that many lines of a document.
# Each reply is one line: "reply ID EXIT STDOUT STDERR", both in base64.
serve() {
  local word id verb argument lines document reply output error result index line
  # A request that fails must not end the session: each runs in a subshell of its own, with its own set -e.
  set +e
  while read -r word id verb argument lines; do
    [[ $word == request ]] || continue
    document=
    for ((index = 0; index < lines; index++)); do
      IFS= read -r line
      document+=$line$'\n'
    done
    if [[ $verb == settings ]]; then
      local -A settings=()
      document_read settings <<<"$document"
      use_settings settings
      # In a child first: what cannot be told ends the request and not the session.
      if error=$(resolve_units 2>&1); then
        resolve_units
        printf 'reply %s 0 - -\n' "$id"
      else
        printf 'reply %s %s - %s\n' "$id" "$?" "$(printf %s "$error" | base64 -w0)"
      fi
      continue
    fi
    reply=$(
      {
        output=$(
          set -Eeuo pipefail
          WANT=()
          document_read WANT <<<"$document"
          "verb_$verb" "$argument" </dev/null
        )
        result=$?
      } 2>&1
      printf '\n%s %s' "$result" "$(printf %s "$output" | base64 -w0)"
    )
    read -r result output <<<"${reply##*$'\n'}"
    error=$(printf %s "${reply%$'\n'*}" | base64 -w0)
    printf 'reply %s %s %s %s\n' "$id" "$result" "${output:--}" "${error:--}"
  done
}

usage() {
  cat <<'TEXT'
xcat-ha, the node side. It is driven by `pulumi up`; at the console:
  xcat-ha status          role, lease, services and every part of this node
  xcat-ha plan ROLE       what `become ROLE` (active or standby) would do, or why it would refuse
  xcat-ha become ROLE     do it
  xcat-ha verify          every check of the active node: the parts, xcatprobe, the cluster data
  xcat-ha sync-hosts      send /etc/hosts to the other node now (cron does it)
  xcat-ha remove nodeProgram   away with the start guard and xcat-ha, on a node that was let go and stayed linked
TEXT
}

main() {
  set -Eeuo pipefail
  trap 'unexpected "$?" "$BASH_COMMAND"' ERR
  export LC_ALL=C
  # A systemd unit has none, and xCAT's clients look for their certificates below it.
  export HOME=${HOME:-/root}
  umask 022
  case ${1:-} in
    serve) serve ;;
    install)
      install -d -m 0700 "$RUN"
      exec 9>>"$RUN/lock"
      lock 9 "$RUN/lock" "the installation of the node program"
      document_read WANT
      verb_install
      ;;
    apply)
      load_settings
      apply_or_pass "${2:-}"
      ;;
    remove | become)
      load_settings
      run "$1" "${2:-}"
      ;;
    work)
      load_settings
      work "$2"
      ;;
    guard)
      load_settings
      guard "${2:-this unit}"
      ;;
    plan)
      load_settings
      verb_plan "${2:-active}"
      ;;
    status)
      load_settings
      verb_status
      ;;
    verify)
      load_settings
      verb_verify
      ;;
    beat)
      install -d -m 0700 "$RUN"
      load_settings
      verb_beat
      ;;
    sync-hosts)
      load_settings
      sync_hosts
      ;;
    receive-hosts)
      load_settings
      receive_hosts
      ;;
    bootstrap)
      document_read WANT
      staticAddress_try
      ;;
    *)
      usage
      [[ ${1:-help} == help ]] || exit "${EXIT[usage]}"
      ;;
  esac
}
