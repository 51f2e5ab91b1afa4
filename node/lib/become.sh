# The change of role: observe, decide (plan), then each step, with a look at the lease and at other orders between them.

# missing_units: what cluster.yaml lists and this node lacks.
missing_units() {
  local unit missing=()
  units_look "${SERVICES[@]}"
  for unit in "${SERVICES[@]}"; do
    [[ ${UNIT_THERE[$unit]} == yes ]] || missing+=("$unit")
  done
  printf '%s\n' "${missing[*]}"
}

# observe_facts ROLE: fills FACT, which starts with "unknown": what no look has answered is neither there nor absent.
observe_facts() {
  local fact
  declare -gA FACT=([role]=$1 [node]=$NODE [peer]=$PEER [vip]=$VIP [share_path]=$SHARE [clock_limit]=$CLOCK_LIMIT [static_address]=$STATIC_ADDRESS)
  for fact in managed_by system tools static owners share lease sentence holder links shared running lacking outage cfgloc own_name clock traps traps_untold dissolved \
    dissolving frozen takeover takeover_by takeover_reason epoch apart signs fence from_console mounted elsewhere astray unfit peer_unfit peer_untold unlike login mount missing both copy needed free root_key database virtual_ip mistakes; do
    FACT[$fact]=unknown
  done
  FACT[stack]=${WANT[stack]:-}
  FACT[by]=$ORIGIN
  FACT[handover]=$HANDOVER
  FACT[managed_by]=$(managing_stack) || exit
  FACT[system]=$(system_state)
  FACT[tools]=$(missing_tools)
  [[ -n ${FACT[tools]} ]] || static_address_facts
  FACT[share]=$(share_state)
  [[ ${FACT[share]} == ok ]] || return 0
  lease_read
  FACT[lease]=${LEASE[is]}
  FACT[sentence]=$(lease_sentence)
  FACT[holder]=${LEASE[node]:-}
  directories_wanted
  FACT[links]=$(links_state)
  FACT[shared]=$(shared_state)
  FACT[running]=$(services_running)
  FACT[lacking]=$(missing_units)
  FACT[outage]=$(outage_expected)
  # Not asked: a standby node may lack them.
  FACT[cfgloc]='' FACT[own_name]=ok
  if [[ $1 == active ]]; then
    FACT[cfgloc]=$(cfgloc_state)
    FACT[own_name]=$(own_name_state)
    clock_facts
  fi
  # Asked only where a change of role stands before: xCAT's commands take half a second each.
  FACT[traps]='' FACT[traps_untold]=''
  case ${FACT[lease]}/$1 in
    none/active | mine/standby) make_traps ;;
  esac
  FACT[dissolved]=$(dissolved_by)
  FACT[dissolving]=${LEASE[dissolving]:-}
  FACT[frozen]=$(frozen) || exit
  FACT[from_console]=''
  ! lease_from_console || FACT[from_console]=yes
  takeover_facts
  FACT[mount]=ok
  [[ ${FACT[lease]} == mine* ]] || FACT[mount]=$(mount_state) || exit
  directories_facts
  database_copy_facts
  database_facts "$1"
  peer_facts "$1"
  login_facts "$1"
  FACT[root_key]=''
  # Who steps down asks for nobody's.
  [[ ${FACT[shared]} != present || ${FACT[lease]}/$1 == @(none/*|mine*/standby) ]] || FACT[root_key]=$(root_key_state)
  FACT[database]='' FACT[virtual_ip]='' FACT[mistakes]=''
  [[ ${FACT[lease]}/$1 != none/active || ${FACT[shared]} == absent ]] || hand_built_facts
}

# outage_expected: how long the services are down in a change of role on this node.
outage_expected() {
  local seconds
  if seconds=$(cat "$RECORDS/seconds" 2>/dev/null); then
    printf 'about %s s, as the last time\n' "$seconds"
  else
    printf 'about 20 s and the last copy of what changed; on a cluster of thousands of nodes makedns and makedhcp take minutes\n'
  fi
}

# refuse_or_pass STEPS: a refusal becomes the three lines of an error.
refuse_or_pass() {
  local verb code seen evidence next
  IFS=$'\t' read -r verb code seen evidence next <<<"$1"
  [[ $verb != refuse ]] || fail "$code" "$seen" "$evidence" "$next"
}

become() {
  local steps verb argument result looked began='' claimed='' serves='' stopped='' MILLISECONDS
  ROLE=$1
  milliseconds
  looked=$MILLISECONDS
  observe_facts "$ROLE"
  steps=$(plan)
  refuse_or_pass "$steps"
  [[ $'\n'$steps != *$'\nclaim\t'* ]] || lease_try
  steps_begin "$looked" "$ROLE"
  step_note lease "${FACT[lease]} $((10#${LEASE[epoch]:-0}))"
  while IFS=$'\t' read -r verb argument _ <&3; do
    [[ $verb != quiesce && $verb != claim ]] || began=${began:-$SECONDS}
    [[ $verb != quiesce || " ${FACT[running]} " != *' xcatd '* ]] || stopped=$SECONDS
    step_note step "$verb $argument"
    set +e
    (
      set -e
      [[ ! -e $RUN/supersede ]] || fail superseded "this run ended before the step '$verb $argument'" "another order came in" "nothing: the other order goes on"
      take_step "$verb" "$argument"
    )
    result=$?
    if ((result != 0)); then
      step_note failed "$result"
      # What fails there too does not hide what failed first.
      [[ $ROLE != active ]] || (
        set -e
        roll_back_first_setup
        [[ -z $claimed || -n $serves ]] || ((result == EXIT[superseded])) || roll_back_activation
      )
      step_note ended "$result"
      exit "$result"
    fi
    set -e
    if [[ $verb == claim ]]; then
      claimed=$SECONDS
      # For how long it waited for the owner says nothing of how long nobody serves.
      [[ -n $stopped ]] || began=$SECONDS
      [[ $ROLE != active ]] || virtualIp_ask_ahead
    fi
    # The last of the services: what fails behind it is told, and takes nothing down.
    if [[ $verb/$argument == apply/network && $ROLE == active ]]; then
      serves=yes
      serving "$stopped" "$claimed"
      [[ -z $began ]] || write_file "$RECORDS/seconds" 0600 <<<"$((SECONDS - began))"
    fi
  done 3<<<"$steps"
  steps_end
}

# serving STOPPED CLAIMED: said when the last service is up: what comes behind it takes longer than all before. How long the services were down is
# known only where they were stopped here: on another node nobody saw when.
serving() {
  local after=''
  if [[ -n $1 ]]; then
    after="; the services were down $((SECONDS - $1)) s"
  elif [[ -n $2 && " ${FACT[running]} " != *' xcatd '* ]]; then
    after=", $((SECONDS - $2)) s after the claim"
  fi
  say "active and serving$after"
}

take_step() {
  case $1 in
    prepare)
      load_values "$ROLE" "$2"
      "$2_prepare"
      ;;
    record) units_record ;;
    quiesce) quiesce ;;
    note) say "$2" ;;
    export) export_cluster_data "$2" ;;
    verify) verify_after_activation ;;
    copy) database_copy ;;
    switch) database_switch "$2" ;;
    claim)
      case $2 in
        takeover) lease_take_over ;;
        handover) lease_claim "$HANDOVER" "${FACT[epoch]}" ;;
        *) lease_claim "$LEASE_WAIT" ;;
      esac
      ;;
    hosts) if [[ $2 == keep ]]; then hosts_keep_last; else hosts_take "$2"; fi ;;
    fence) fence_peer ;;
    judge) silence_require ;;
    release) lease_begin_release ;;
    prove) prove_stopped ;;
    released) lease_finish_release "$(database_state)" ;;
    apply)
      load_values "$ROLE" "$2"
      apply_part "$2"
      ;;
  esac
}

# quiesce: the managed services of this node stop, in reverse order, and start no more at boot.
quiesce() {
  local index unit
  units_record
  units_look "${UNITS[@]}"
  for ((index = ${#UNITS[@]} - 1; index >= 0; index--)); do
    unit=${UNITS[index]}
    [[ ${UNIT_THERE[$unit]} == yes ]] || continue
    unit_stopped "$unit" || service_stop "$unit"
  done
  units_disable "${UNITS[@]}"
}

# prove_stopped: about processes, not only units (docs/design.md, The proof of a stop is about processes). Of what is left the first is told, with all
# that is left of it.
prove_stopped() {
  local left service what told evidence first='' kind='' found=''
  left=$(services_left) || exit
  [[ -n $left ]] || return 0
  while IFS=$'\t' read -r service told evidence; do
    # Its state stands in the journal's line; the processes of a unit that is not stopped are told with it.
    case $told in
      state) told=group evidence= ;;
      group) evidence=${evidence%% *} ;;
    esac
    first=${first:-$service} kind=${kind:-$told}
    [[ $service/$told != "$first/$kind" || -z $evidence ]] || found+=${found:+$'\n'}$evidence
  done <<<"$left"
  case $kind in
    data) database_in_use "$found" ;;
    program) what="$first runs on $NODE outside of its unit; expected no process of its program: ${found//$'\n'/; }" ;;
    *) what="$first is not proven to be stopped on $NODE; expected it inactive, without processes: ${found:-none}" what=${what//$'\n'/ } ;;
  esac
  fail blocked "$what" "$(unit_evidence "$first")" "end them on $NODE, then run the same command again. Until then nothing starts on the other node"
}

# roll_back_first_setup: a first setup that fails before the first link is switched starts again what ran: the local data is the truth, and
# no other node becomes active before the setup is finished (see first_setup_finished_or_ours). Services first, and by what is known here:
# the share may be what failed.
roll_back_first_setup() {
  local linked said directory
  [[ ${FACT[shared]} == @(absent|partial) && ${FACT[lease]} != other* && -e $RECORDS/units ]] || return 0
  directories_wanted
  [[ $(links_state) == none ]] || return 0
  linked=$(links_to_share) || exit
  [[ -z $linked ]] || return 0
  # Cut before the first link, behind what stepped aside for it: nothing works without that.
  for directory in "${!WANT[@]}"; do
    linked=$(stepped_aside "$(path_of "$directory")") || exit
    [[ -z $linked ]] || return 0
  done
  say "the first setup failed before anything was switched: what ran is started again"
  # It would stop what runs without a lease.
  beat_stop
  guards_remove
  units_restore
  # What runs again writes them: they are found anew.
  rm -rf -- "$RECORDS/found"
  said=$({ lease_begin_release && lease_finish_release "not moved"; } 2>&1) ||
    said=$(say "the owner lease stays with $NODE, and the next pulumi up goes on under it: $(head -n 1 <<<"$said")")
  [[ -z $said ]] || printf '%s\n' "$said"
}

# roll_back_activation: the node to which the services should come does not bring them up: what was started stops again, proven, and the
# epoch that it claimed is released, so that the other node, or this one, may become active. An owner that comes back from its own reboot
# gave nothing up, and goes on with the next order.
roll_back_activation() {
  local steps verb argument back=''
  [[ ${FACT[shared]} == present && ${FACT[lease]} == @(released|other*) ]] || return 0
  [[ ${FACT[lease]} != released ]] ||
    back="To go back: pulumi config set activeNode $PEER on both stacks, then pulumi up on the stack of $NODE, then of $PEER (at the console of $PEER: xcat-ha become active). "
  say "$NODE does not become active: what was started is stopped, and the owner lease released"
  FACT[role]=rollback
  ROLE=standby
  steps=$(plan)
  while IFS=$'\t' read -r verb argument _ <&4; do
    step_note step "$verb $argument"
    take_step "$verb" "$argument"
  done 4<<<"$steps"
  say "rolled back: nothing of the owner's runs on $NODE. ${back}To go on with $NODE: correct what the error above names, then the same command again"
}
