# The verbs, and where their settings come from.

declare -A WANT=() BEFORE=() SEEN=() FACT=() LEASE=()
NODE=$(hostname) VIP='' STATIC_ADDRESS='' INTERFACE='' PEER='' PEER_ADDRESS='' PEER_PORT=22 SHARE='' LEASE_WAIT=0 DIRECTORIES='' HOST_NAMES='' ROLE=''
UNITS=() SERVICES=() MANIFEST=()

# use_settings ARRAY: the node's description, its settings.
use_settings() {
  local part functions
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
  FUNCTIONS=()
  while read -r part functions; do
    [[ -z $part ]] || FUNCTIONS[$part]=$functions
  done <<<"${settings_from[settings.functions]:-}"
}

# The description of this node: every part's values for both roles, and the settings.
declare -gA DESCRIPTION=()

load_settings() {
  [[ -r $CONFIGURATION/description ]] || fail misconfigured "$CONFIGURATION/description is not there; expected the description of this node" \
    "digest: $(digest "$CONFIGURATION/description")" "pulumi up on the stack of $NODE delivers it"
  DESCRIPTION=()
  document_load DESCRIPTION "$CONFIGURATION/description" ||
    fail misconfigured "$CONFIGURATION/description is no document of this program; expected the description of this node" \
      "digest: $(digest "$CONFIGURATION/description")" "pulumi up on the stack of $NODE delivers it"
  [[ ${DESCRIPTION[settings.format]:-1} == "$FORMAT" ]] ||
    fail misconfigured "$CONFIGURATION/description is written in format ${DESCRIPTION[settings.format]}, which this xcat-ha does not understand; expected $FORMAT" \
      "digest: $(digest "$CONFIGURATION/description")" "pulumi up on the stack of $NODE delivers both anew"
  use_settings DESCRIPTION
  resolve_units
}

# load_values ROLE PART: fills WANT from the description.
load_values() {
  local key
  WANT=()
  for key in "${!DESCRIPTION[@]}"; do
    [[ $key != "$1.$2."* ]] || WANT[${key#"$1.$2."}]=${DESCRIPTION[$key]}
  done
  ((${#WANT[@]})) || fail misconfigured "the description of $NODE has no values of $2 for the role $1; expected them" "$CONFIGURATION/description" \
    "pulumi up on the stack of $NODE delivers it"
}

require_part() {
  declare -F "${FUNCTIONS[${1:-none}]:-$1}_observe" >/dev/null || fail usage "there is no part '$1'" "xcat-ha knows: ${MANIFEST[*]%% *}" "name one of these"
}

# verb_observe PART: the part, in the shape of what is wanted, as a document.
verb_observe() {
  require_part "$1"
  observe_part "$1"
  document_write SEEN
}

# apply_part PART: as WANT says. BEFORE holds the values that were applied the last time, so that what a changed value made is taken away.
apply_part() {
  local part=$1 document
  BEFORE=()
  ! remembers "$part" || [[ ! -e $RECORDS/values.$part ]] || document_load BEFORE "$RECORDS/values.$part"
  document=$(document_write WANT)
  "${FUNCTIONS[$part]:-$part}_apply"
  ! remembers "$part" || write_file "$RECORDS/values.$part" 0600 <<<"$document"
}

# remembers PART: not the change of role, not this program; and what a standby node leaves, on shared data, only while
# it is the active node's: a standby node, whose only value is where to look, has nothing to take away there.
remembers() {
  local entry
  [[ $1 != @(nodeProgram|ownerLease) ]] || return 1
  for entry in "${MANIFEST[@]}"; do [[ $entry != "$1 leave" ]] || ((${#WANT[@]} > 1)) || return 1; done
}

# verb_apply PART: makes it so, then looks again with the code that observes.
verb_apply() {
  local part=$1 key
  local -A wanted=()
  require_part "$part"
  unset 'WANT[counter]'
  takeover_ordered
  for key in "${!WANT[@]}"; do wanted[$key]=${WANT[$key]}; done
  apply_part "$part"
  WANT=()
  for key in "${!wanted[@]}"; do WANT[$key]=${wanted[$key]}; done
  observe_part "$part"
  wrong_keys
  ((${#WRONG[@]} == 0)) || fail incomplete "$part is not as wanted after it was applied:$(printf ' %s;' "${WRONG[@]}")" "observed on $NODE just now" \
    "pulumi refresh shows the difference; when the cause is gone, run pulumi up again"
  say "$part is as wanted"
}

# apply_or_pass PART: what is as wanted already needs no run. The change of role always does: it finishes what was interrupted.
apply_or_pass() {
  local part=$1 document LOOK=unknown
  document=$(document_input)
  document_require "$document" "apply $part"
  require_part "$part"
  # Its command came over the address, whether or not there is something to do: nobody takes it back any more.
  [[ $part != staticAddress ]] || staticAddress_keep
  [[ $part == ownerLease ]] || as_wanted "$part" "$document"
  if [[ $LOOK == same ]]; then
    say "$part is as wanted"
  else
    run apply "$part" <<<"$document"
  fi
}

# as_wanted PART DOCUMENT: into LOOK. Where it is not, or cannot be told, the run says it better.
as_wanted() {
  WANT=()
  document_read WANT <<<"$2" || return 0
  unset 'WANT[counter]'
  ((${#WANT[@]})) || return 0
  # Without a record too: what is right by itself must be remembered, or nobody could take it away when it changes.
  ! remembers "$1" || document_write WANT | cmp -s - "$RECORDS/values.$1" || return 0
  part_look "$1"
}

# verb_remove PART: the node itself decides, for every part, whether it may be let go: whatever leaf of the graph was made or is gone.
verb_remove() {
  require_part "$1"
  # At the console there are no values.
  ((${#WANT[@]})) || [[ $1 == nodeProgram ]] ||
    fail usage "remove $1 needs the values of $1 on standard input; expected them from pulumi destroy" "nothing was read" "pulumi destroy on the stack of $NODE"
  unset 'WANT[counter]'
  let_go_require
  "${FUNCTIONS[$1]:-$1}_remove"
}

# verb_plan ROLE: the steps, or the refusal.
verb_plan() {
  local steps
  takeover_ordered
  observe_facts "$1"
  steps=$(plan)
  refuse_or_pass "$steps"
  printf '%s\n' "$steps"
}

# verb_withdraw: what waits here for the owner lease ends, by the order to be what this node is: a standby node.
verb_withdraw() { "$PROGRAM" become standby </dev/null; }

verb_become() {
  ORIGIN=console
  takeover_ordered
  become "$1"
}

# resume_at_console: the order that the newest epoch is in the middle of, where it is this node's.
resume_at_console() {
  lease_read
  case ${LEASE[is]} in
    mine | mine-rebooted) run become active </dev/null ;;
    mine-releasing) run become standby </dev/null ;;
    *)
      fail held "$NODE does not hold the newest epoch; expected to go on with what it was doing; nothing was touched" "$(lease_sentence)" \
        "xcat-ha plan active, xcat-ha plan standby: what this node can become"
      ;;
  esac
}

# verify_require: the active node, and a place for what the checks write down.
verify_require() {
  install -d -m 0700 "$RUN"
  lease_read
  [[ ${LEASE[is]} == mine ]] || fail held "$NODE is not the active node; expected to verify the one that is" "$(lease_sentence)" "xcat-ha verify on ${LEASE[node]:-the active node}"
}

# verb_verify: for a person at the console, on the active node.
verb_verify() {
  local table
  verify_require
  table=$(verify_table)
  printf '%s\n' "$table"
  passed "$table" || fail incomplete "checks of the active node failed" "the rows 'failed' above" "correct what they name; pulumi up repairs what is ours"
}

# verb_checks: the same for the workstation, rows between tabs. By the description that was delivered, as at the console.
verb_checks() {
  load_settings
  verify_require
  verify_lines
}

verb_destroyable() { destroyable; }

# verb_install: this program and the description, which the standard input holds.
verb_install() {
  # Every command but bootstrap comes over the static address.
  staticAddress_keep
  nodeProgram_apply
  unset 'WANT[counter]' 'WANT[program.text]' 'WANT[description.text]'
  observe_part nodeProgram
  wrong_keys
  ((${#WRONG[@]} == 0)) || fail incomplete "the node program is not as wanted after it was installed:$(printf ' %s;' "${WRONG[@]}")" \
    "digests of $PROGRAM and $CONFIGURATION/description on $NODE just now" "run the same pulumi up again"
  say "node program is installed"
}

# verb_status: what this node is, for a person at the console.
verb_status() {
  local unit frozen watch
  printf '%-16s %s\n' node "$NODE"
  # First what needs no share.
  watch=$(watch_sentence)
  [[ -z $watch ]] || printf '%-16s %s\n' watch "$watch"
  lease_read
  frozen=$(frozen) || exit
  printf '%-16s %s\n' lease "$(lease_sentence)" share "$SHARE: $(share_state)"
  printf '%-16s %s\n' "$PEER" "$(facts_sentence)"
  [[ -z $frozen ]] || printf '%-16s %s\n' frozen "$frozen"
  load_values active virtualIp
  virtualIp_observe
  printf '%-16s %s\n' VIP "${SEEN[address]}"
  directories_wanted
  printf '%-16s %s\n' links "$(links_state)"
  units_look_whole "${UNITS[@]}"
  for unit in "${UNITS[@]}"; do
    printf '%-16s %s, %s\n' "$unit" "${UNIT_STATE[$unit]}" "${UNIT_ENABLED[$unit]}"
  done
}

# serve: requests of one observing session on standard input: "request ID VERB ARGUMENT LINES", then that many lines of a document.
# Each reply is one line: "reply", ID, EXIT, STDOUT and STDERR between tabs, both as values of a document.
serve() {
  local word id verb argument count lines document reply output error result
  # What the login printed before, as from .bashrc, may have no newline: a reply begins its line.
  echo
  # A request that fails must not end the session: each runs in a subshell of its own, with its own set -e.
  set +e
  while read -r word id verb argument count; do
    [[ $word == request ]] || continue
    document=
    if ((count != 0)); then
      mapfile -n "$count" lines
      printf -v document %s "${lines[@]}"
    fi
    if [[ $verb == settings ]]; then
      local -A settings=()
      document_read settings <<<"$document"
      use_settings settings
      # In a child: what cannot be told ends the request and not the session.
      output=
      error=$(resolve_units 2>&1 && declare -p UNIT COMPANIONS)
      result=$?
      if ((result == 0)); then
        eval "${error//declare -A/declare -gA}"
        error=
      fi
    else
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
        document_escape output
        printf '\n%s\t%s' "$result" "$output"
      )
      error=${reply%$'\n'*}
      IFS=$'\t' read -r result output <<<"${reply##*$'\n'}"
    fi
    document_escape error
    printf 'reply\t%s\t%s\t%s\t%s\n' "$id" "$result" "$output" "$error"
  done
}

usage() {
  cat <<'TEXT'
xcat-ha, the node side. It is driven by `pulumi up`; at the console:
  xcat-ha status          role, lease, services and every part of this node
  xcat-ha role            which node is active, and what this one is; root's login shows it
  xcat-ha plan ROLE       what `become ROLE` (active or standby) would do, or why it would refuse
  xcat-ha become ROLE     do it
  xcat-ha release         step down: become standby
  xcat-ha resume          go on with what was cut, by a reboot or in between: this node holds the newest epoch
  xcat-ha takeover EPOCH fence REASON
  xcat-ha takeover EPOCH "NODE is powered off" REASON
                          become active although NODE, which is dead, holds that epoch
  xcat-ha freeze MINUTES REASON
                          on the active node: no role changes, and no lost share makes it step down; xcat-ha thaw ends it before
  xcat-ha notify          have /etc/xcat-ha.notify tell a test
  xcat-ha verify          every check of the active node: the parts, xcatprobe, the cluster data
  xcat-ha sync-hosts      send /etc/hosts to the other node now (cron does it)
  xcat-ha remove nodeProgram   away with the start guard and xcat-ha, on a node that was let go and stayed linked
TEXT
}

main() {
  set -Eeuo pipefail
  # A substitution would go on behind what failed in it.
  shopt -s inherit_errexit
  trap 'unexpected "$?" "$BASH_COMMAND"' ERR
  export LC_ALL=C
  # A systemd unit has none, and xCAT's clients look for their certificates below it.
  export HOME=${HOME:-/root}
  umask 022
  case ${1:-} in
    serve) serve ;;
    install)
      document_receive WANT install
      install -d -m 0700 "$RUN"
      exec 9>>"$RUN/lock"
      lock 9 "$RUN/lock" "the installation of the node program"
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
    release)
      load_settings
      run become standby </dev/null
      ;;
    resume)
      load_settings
      resume_at_console
      ;;
    work)
      load_settings
      work "$2"
      ;;
    guard)
      load_settings
      guard "${2:-this unit}"
      ;;
    takeover)
      load_settings
      takeover_at_console "${2:-}" "${3:-}" "${4:-}"
      ;;
    freeze)
      load_settings
      freeze "${2:-}" "${3:-}"
      ;;
    thaw)
      load_settings
      thaw
      ;;
    plan)
      ORIGIN=console
      load_settings
      verb_plan "${2:-active}"
      ;;
    status)
      load_settings
      verb_status
      ;;
    role)
      load_settings
      verb_role
      ;;
    verify)
      ORIGIN=console
      load_settings
      verb_verify
      ;;
    beat)
      install -d -m 0700 "$RUN"
      load_settings
      verb_beat
      ;;
    watch)
      install -d -m 0700 "$RUN"
      load_settings
      verb_watch
      ;;
    notify)
      # Of an event everything is told: a description that cannot be read may be what it is about.
      if [[ -n ${4:-} ]]; then NODE=$4; else load_settings; fi
      notify_send "${2:-}" "${3:-}"
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
      document_receive WANT bootstrap
      staticAddress_try
      ;;
    address-back)
      address_drop "$2" "$3"
      ;;
    *)
      usage
      [[ ${1:-help} == help ]] || exit "${EXIT[usage]}"
      ;;
  esac
}
