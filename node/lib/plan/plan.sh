# The decision: what was observed in (FACT), steps or a refusal out. Reads nothing but FACT and MANIFEST, touches
# nothing.
#
# FACT   role       active | standby: what is wanted; beat, rollback: what is done by itself
#        node peer  their names
#        share      ok, or why it cannot be used
#        lease      as in lease_read; sentence: the same for people; holder: who the newest epoch names
#        links      all | some | none of the shared directories are linked here
#        shared     present | partial | absent: the directories on shared data
#        dissolved  who took the data back from the share, and when; dissolving: yes where the newest epoch is the final
#                   one
#        frozen     until when, by whom and why no role changes, or nothing
#        running    managed units that run here
#        mounted elsewhere missing both copy needed free   the directories that are not linked, see directories_facts
#        astray     what of the database lies, or is looked for, where only this node has it, each with its place
#        mount      ok, or why what is mounted there is no share of two nodes
#        login      why xCAT would not come to its database, whatever is written, or nothing
#        root_key   a sentence where the compute nodes may not let root of this node in, or nothing
#        unfit      why this node's PostgreSQL cannot run the database on the share, or nothing
#        peer_unfit peer_untold unlike                     the other node, as it has written itself, see peer_facts
#        database virtual_ip mistakes                      a pair built by hand, see hand_built_facts
#        cfgloc     where xCAT's database is; own_name: ok, or what it resolves to; traps: in xCAT's tables,
#                   traps_untold: how the look at them failed
#        outage     how long the services were down the last time, or what to expect
#        system     ok, or why this system is refused; tools: commands that are missing, with their packages
#        epoch      number of the newest; takeover: the one that is to be taken over, or nothing; takeover_by: fence or
#                   confirmation; takeover_reason
#        signs      of life of the peer, or none; fence: on, off, absent or what is wrong with it; nothing where no
#                   takeover can be
#        handover   seconds for which the release of an owner is waited for that has not begun it, or nothing
#        apart      epoch of the owner whose database has yet to step aside for its copy, or nothing (see
#                   database_copy_facts)
#        by         program or console: who asks; from_console: yes where the owner came to its epoch there, and no
#                   stack has named it since
#        clock      ok | off | stepped | unknown, see clock_facts; clock_limit: seconds
#        stack      PROJECT/STACK that asks, nothing at the console; managed_by: the one that manages this node, or
#                   nothing
#        lacking    units that cluster.yaml lists and this node lacks
#        static     here, free, who answers for the static address, or how arping failed; static_address; owners: a
#                   sentence where not one tool owns the interface
#
# Steps, one a line: VERB, argument, reason, separated by tabs.
#        note TEXT      what the person should know
#        export WHEN    the cluster data to the shared data: begin or end of an epoch
#        verify -       the active node
#        prepare PART   what can be done ahead of the stop
#        quiesce -      record, stop and disable the managed services of this node
#        fence -        the peer is switched off, and read back
#        judge -        no sign of life of the peer any more
#        copy -         the database, for a takeover by a person's word
#        claim -        the owner lease; claim takeover: over the head of its owner; claim handover: once it has stepped
#                       down, which it has not begun
#        switch EPOCH   what its owner had open of the database steps aside for the copy
#        hosts WHICH    /etc/hosts of the new owner: newest, as the newest owner left it, or its own; keep: to the
#                       shared data, for the next one
#        release -      begin the release: from here on the guard refuses
#        prove -        nothing of ours runs here any more
#        released -     finish the release
#        apply PART     as the role wants it
# A refusal is one line: refuse, exit code name, seen, evidence, and a next for each choice.

# Here, because the decision is tried without what asks the fence (node/lib/takeover/takeover.sh).
FENCE=/etc/xcat-ha.fence

# Into variables of plan, not out through $(...): the plans of thousands of situations are compared, and a fork is most
# of what one costs.
step() { PLAN+=("$1"$'\t'"$2"$'\t'"$3"); }
# refuse CODE SEEN EVIDENCE NEXT...: the first one counts.
refuse() {
  local IFS=$'\t'
  [[ -n $REFUSAL ]] || REFUSAL="refuse$IFS$*"
}

plan() {
  local PLAN=() REFUSAL='' steps
  plan_role
  printf -v steps '%s\n' "${PLAN[@]}"
  [[ -n $REFUSAL || $'\n'$steps != *$'\nclaim\t'* ]] || plan_clock
  # A refusal is the whole plan, also where steps were written before it was found; and one line, whatever it quotes.
  if [[ -n $REFUSAL ]]; then printf '%s\n' "${REFUSAL%%$'\n'*}"; else printf '%s\n' "${PLAN[@]}"; fi
}

# plan_clock: what the clock makes of the steps to a new epoch. An owner goes on whatever its clock says: what runs
# there runs already.
plan_clock() {
  local steps=("${PLAN[@]}")
  case ${FACT[clock]} in
    ok) ;;
    off)
      PLAN=()
      step prepare clockSource "the clock is off by more than ${FACT[clock_limit]} s: it is stepped"
      PLAN+=("${steps[@]}")
      ;;
    stepped)
      refuse refused \
        "the clock of ${FACT[node]} is off by more than ${FACT[clock_limit]} s although it was stepped; expected it \
to follow its source before ${FACT[node]} becomes active" \
        "what the time service of ${FACT[node]} says" \
        "look at the time servers of ${FACT[node]}, set its clock, then run the same command again"
      ;;
    *)
      step note "warning: no time source answers: how far the clock of ${FACT[node]} is off is not known" \
        "a failover does not wait for a time server"
      ;;
  esac
}

note_unlike() {
  [[ -z ${FACT[unlike]} ]] ||
    step note "warning: the nodes are not alike: ${FACT[unlike]}" "no change of role waits for that; make them the same"
}

note_astray() {
  [[ -z ${FACT[astray]} ]] ||
    step note "warning: the database is not whole in its directory, as ${FACT[node]} sees it: ${FACT[astray]}" \
      "the other node may lack it; a failover does not wait for that"
}

note_root_key() {
  [[ -z ${FACT[root_key]} ]] ||
    step note "warning: ${FACT[root_key]}" "xdsh and what else xCAT does by SSH; a failover does not wait for that"
}

# plan_parts ROLE WHEN REASON: the parts behind the lease. On a standby node those that are taken back come before the
# release, in reverse; the others come after it.
plan_parts() {
  local entry part standby reversed=() behind=
  for entry in "${MANIFEST[@]}"; do
    part=${entry%% *} standby=${entry#* }
    if [[ $part == ownerLease ]]; then
      behind=yes
      continue
    fi
    [[ -n $behind ]] || continue
    if [[ $1 == active ]]; then
      step apply "$part" "$3"
    elif [[ $standby == 'take back' ]]; then
      reversed=("$part" "${reversed[@]}")
    elif [[ $standby == 'after release' && $2 == after ]]; then
      step apply "$part" "$3"
    fi
  done
  [[ $1 == standby && $2 == before ]] || return 0
  for part in "${reversed[@]}"; do
    step apply "$part" "$3"
  done
}
