# The services of this node stop, and that is proven.

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

# prove_stopped: about processes, not only units (docs/design.md, The proof of a stop is about processes). Of what is
# left the first is told, with all that is left of it.
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
    *)
      what="$first is not proven to be stopped on $NODE; expected it inactive, without processes: ${found:-none}" \
        what=${what//$'\n'/ }
      ;;
  esac
  fail blocked "$what" "$(unit_evidence "$first")" \
    "end them on $NODE, then run the same command again. Until then nothing starts on the other node"
}
