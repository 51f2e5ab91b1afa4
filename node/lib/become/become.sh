# The change of role: observe, decide (plan), then each step, with a look at the lease and at other orders between them.

# refuse_or_pass STEPS: a refusal becomes the lines of an error.
refuse_or_pass() {
  local fields
  IFS=$'\t' read -ra fields <<<"$1"
  [[ ${fields[0]:-} != refuse ]] || fail "${fields[@]:1}"
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
      [[ ! -e $RUN/supersede ]] ||
        fail superseded "this run ended before the step '$verb $argument'" "another order came in" \
          "nothing: the other order goes on"
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

# serving STOPPED CLAIMED: said when the last service is up: what comes behind it takes longer than all before. How long
# the services were down is known only where they were stopped here: on another node nobody saw when.
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
