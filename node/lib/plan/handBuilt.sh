# The plan where the pair was built by hand.

# plan_hand_built: directories are on shared data, no epoch is: what the manual's steps leave. It is taken over only
# from the node that runs it, or when nobody does; nothing is stopped, but for a database or /etc/xcat that is still
# local.
plan_hand_built() {
  local running
  if [[ -n ${FACT[both]} ]]; then
    refuse refused \
      "${FACT[both]} is a local directory of ${FACT[node]}, and on ${FACT[share_path]} too, made by no epoch of \
ours; expected one of them" \
      "${FACT[mistakes]:-links: ${FACT[links]}}" \
      "where the local one is the truth: mv the one on ${FACT[share_path]} aside, then run the same command again" \
      "where the one on ${FACT[share_path]} is: stop the services, mv the local one aside and ln -s, then run the same \
command again" \
      "make the node active whose links are in place"
  elif [[ ${FACT[links]} == none ]]; then
    refuse refused \
      "the shared data already holds directories (${FACT[shared]}) that no epoch of ours made and that \
${FACT[node]} does not link; expected none before the first setup" \
      "links on ${FACT[node]}: ${FACT[links]}" \
      "move them away on the share" "make the node active first that links them"
  elif [[ ${FACT[database]} != "runs here" && ${FACT[database]} != "shut down"* ]]; then
    refuse refused \
      "${FACT[node]} does not run the database on ${FACT[share_path]}, and it was not shut down: ${FACT[database]}; \
expected to take over the node that runs it, or a database that nobody runs" \
      "pg_controldata says '${FACT[database]}', no process of ${FACT[node]} has the data directory; VIP: \
${FACT[virtual_ip]}" \
      "make ${FACT[peer]} active first if it runs there: pulumi config set activeNode ${FACT[peer]} on both stacks" \
      "stop it there"
  elif [[ ${FACT[virtual_ip]} != here && ${FACT[virtual_ip]} != free ]]; then
    refuse refused "another machine answers for the VIP; expected ${FACT[node]} to have it, or nobody" \
      "arping: ${FACT[virtual_ip]:-not asked}" \
      "make the node active first that has it" "take it away there: ip addr del"
  else
    if [[ -n ${FACT[running]} ]]; then running="${FACT[running]% } go on running"; else running="nothing runs yet"; fi
    step note "a pair built by hand is taken over: $running" "what differs is corrected"
    [[ -z ${FACT[mistakes]} ]] ||
      step note "the manual's mistakes found: ${FACT[mistakes]}" "they are corrected, but for what is said to stay"
    step export begin "the cluster data as it is before the first change"
    if [[ -n ${FACT[copy]} ]]; then
      plan_copy
      case ", ${FACT[copy]}" in
        *", /etc/xcat "* | *", /var/lib/"*"sql "*)
          step quiesce - \
            "the data on which they work is moved, for ${FACT[outage]}${FACT[running]:+: now running ${FACT[running]}}"
          ;;
      esac
    fi
    step claim - "${FACT[sentence]}"
    plan_up "active, in the manifest's order"
  fi
}
