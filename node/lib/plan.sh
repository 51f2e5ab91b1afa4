# The decision: what was observed in (FACT), steps or a refusal out. Reads nothing but FACT and MANIFEST, touches nothing.
#
# FACT   role       active | standby: what is wanted; beat, rollback: what is done by itself
#        node peer  their names
#        share      ok, or why it cannot be used
#        lease      as in lease_read; sentence: the same for people; holder: who the newest epoch names
#        links      all | some | none of the shared directories are linked here
#        shared     present | partial | absent: the directories on shared data
#        dissolved  who took the data back from the share, and when; dissolving: yes where the newest epoch is the final one
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
#        cfgloc     where xCAT's database is; own_name: ok, or what it resolves to; traps: in xCAT's tables, traps_untold: how the look at them failed
#        outage     how long the services were down the last time, or what to expect
#        system     ok, or why this system is refused; tools: commands that are missing, with their packages
#        epoch      number of the newest; takeover: the one that is to be taken over, or nothing; takeover_by: fence or confirmation; takeover_reason
#        signs      of life of the peer, or none; fence: on, off, absent or what is wrong with it; nothing where no takeover can be
#        handover   seconds for which the release of an owner is waited for that has not begun it, or nothing
#        apart      epoch of the owner whose database has yet to step aside for its copy, or nothing (see database_copy_facts)
#        by         program or console: who asks; from_console: yes where the owner came to its epoch there, and no stack has named it since
#        clock      ok | off | stepped | unknown, see clock_facts; clock_limit: seconds
#        stack      PROJECT/STACK that asks, nothing at the console; managed_by: the one that manages this node, or nothing
#        lacking    units that cluster.yaml lists and this node lacks
#        static     here, free, who answers for the static address, or how arping failed; static_address; owners: a sentence where not one tool owns the interface
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
#        claim -        the owner lease; claim takeover: over the head of its owner; claim handover: once it has stepped down,
#                       which it has not begun
#        switch EPOCH   what its owner had open of the database steps aside for the copy
#        hosts WHICH    /etc/hosts of the new owner: newest, as the newest owner left it, or its own; keep: to the shared data, for the next one
#        release -      begin the release: from here on the guard refuses
#        prove -        nothing of ours runs here any more
#        released -     finish the release
#        apply PART     as the role wants it
# A refusal is one line: refuse, exit code name, seen, evidence, next.

# Here, because the decision is tried without what asks the fence (node/lib/takeover.sh).
FENCE=/etc/xcat-ha.fence

# Into variables of plan, not out through $(...): the plans of thousands of situations are compared, and a fork is most of what one costs.
step() { PLAN+=("$1"$'\t'"$2"$'\t'"$3"); }
# refuse: the first one counts.
refuse() { [[ -n $REFUSAL ]] || REFUSAL=refuse$'\t'$1$'\t'$2$'\t'$3$'\t'$4; }

plan() {
  local PLAN=() REFUSAL='' steps
  plan_role
  printf -v steps '%s\n' "${PLAN[@]}"
  [[ -n $REFUSAL || $'\n'$steps != *$'\nclaim\t'* ]] || plan_clock
  # A refusal is the whole plan, also where steps were written before it was found; and one line, whatever it quotes.
  if [[ -n $REFUSAL ]]; then printf '%s\n' "${REFUSAL%%$'\n'*}"; else printf '%s\n' "${PLAN[@]}"; fi
}

# plan_clock: what the clock makes of the steps to a new epoch. An owner goes on whatever its clock says: what runs there runs already.
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
      refuse refused "the clock of ${FACT[node]} is off by more than ${FACT[clock_limit]} s although it was stepped; expected it to follow its source before ${FACT[node]} becomes active" \
        "what the time service of ${FACT[node]} says" "look at the time servers of ${FACT[node]}, set its clock, then run the same command again"
      ;;
    *) step note "warning: no time source answers: how far the clock of ${FACT[node]} is off is not known" "a failover does not wait for a time server" ;;
  esac
}

plan_role() {
  local unknown
  if [[ ${FACT[role]} == beat ]]; then
    plan_beat
  elif [[ ${FACT[role]} == rollback ]]; then
    plan_rollback
  elif [[ ${FACT[system]} != ok ]]; then
    refuse misconfigured "${FACT[node]} is not supported: ${FACT[system]}" "/etc/os-release, bash and systemd of ${FACT[node]}" \
      "use one of the systems that the README lists"
  elif [[ -n ${FACT[tools]} ]]; then
    refuse misconfigured "${FACT[node]} has no ${FACT[tools]}; expected these commands" "command -v on ${FACT[node]}" \
      "install the packages on ${FACT[node]}, then run the same command again"
  elif [[ -n ${FACT[stack]} && -n ${FACT[managed_by]} && ${FACT[stack]} != "${FACT[managed_by]}" ]]; then
    refuse_other_stack
  elif [[ ${FACT[static]} == arping\ * ]]; then
    refuse unknown "whether another machine has ${FACT[static_address]%/*} cannot be told; expected to know that nobody has before ${FACT[node]} takes it as its static address; nothing was touched" \
      "${FACT[static]}" "look at the interface on ${FACT[node]} (ip link), then run the same command again"
  elif [[ ${FACT[static]} != here && ${FACT[static]} != free ]]; then
    refuse refused "another machine answers for ${FACT[static_address]%/*}; expected nobody before ${FACT[node]} takes it as its static address; nothing was touched" \
      "${FACT[static]}" "choose a free nodes.${FACT[node]}.address in cluster.yaml"
  elif [[ -n ${FACT[owners]} ]]; then
    refuse misconfigured "${FACT[owners]}; expected one that can be given ${FACT[static_address]}; nothing was touched" \
      "NetworkManager, netplan, systemd-networkd, ifupdown, network-scripts and wicked on ${FACT[node]}" \
      "give ${FACT[static_address]%/*} to the interface with one of them, and take the interface out of the others, then run the same command again"
  elif [[ ${FACT[share]} != ok ]]; then
    refuse unknown "${FACT[share_path]} on ${FACT[node]} ${FACT[share]}; expected the shared data, mounted and writable; nothing was touched" \
      "stat and findmnt -T ${FACT[share_path]}" "mount the shared data on ${FACT[node]}, then run the same command again"
  elif [[ ${FACT[lease]}/${FACT[links]}/${FACT[shared]} != @(none|released|mine|mine-releasing|mine-rebooted|other|other-releasing)/@(all|some|none)/@(present|partial|absent) ]]; then
    refuse unknown "what ${FACT[share_path]} holds could not be observed on ${FACT[node]}; expected to know owner, links and directories" \
      "lease: ${FACT[lease]}, links: ${FACT[links]}, shared directories: ${FACT[shared]}" "run the same command again; if it stays, this is a defect of xcat-ha"
  elif ! all_is_known; then
    refuse unknown "not all could be observed that counts on ${FACT[node]}; expected to know$unknown" "each is 'unknown'" \
      "run the same command again; if it stays, this is a defect of xcat-ha"
  elif mount_is_refused; then
    refuse misconfigured "${FACT[share_path]} on ${FACT[node]} ${FACT[mount]}; expected a network or cluster file system that both nodes write, at its own mount point, of NFS hard, with locks and caches of at most a minute; nothing was touched" \
      "findmnt -T ${FACT[share_path]}" \
      "correct it in /etc/fstab on ${FACT[node]} (of NFS: hard, without nolock, local_lock, nocto and a long actimeo), umount and mount ${FACT[share_path]}, then run the same command again"
  elif [[ -n ${FACT[dissolved]} ]]; then
    refuse_dissolved
  elif [[ -n ${FACT[dissolving]} && ${FACT[lease]} == other* ]]; then
    refuse held "the pair is being dissolved: ${FACT[sentence]}; nothing was touched" "the newest epoch in ${FACT[share_path]}/.xcat-ha/epoch" \
      "wait for the pulumi destroy of ${FACT[holder]}, or run it again where it was cut. To keep the pair instead: pulumi up on the stack of ${FACT[holder]}"
  elif [[ -n ${FACT[mounted]} ]]; then
    refuse misconfigured "these are mount points on ${FACT[node]}: ${FACT[mounted]}; expected directories that can step aside for links to ${FACT[share_path]}" \
      "findmnt ${FACT[mounted]//,/} on ${FACT[node]}" "umount them and take them out of /etc/fstab on ${FACT[node]}, then run the same command again"
  elif is_frozen; then
    refuse_frozen
  else
    [[ ${FACT[mount]} == ok ]] || step note "warning: ${FACT[share_path]} on ${FACT[node]} ${FACT[mount]}" "what runs so already is not stopped for it; findmnt -T ${FACT[share_path]}"
    case ${FACT[role]} in
      active) plan_active ;;
      standby) plan_standby ;;
      *) refuse usage "there is no role '${FACT[role]}'; expected active or standby" "asked for on ${FACT[node]}" "xcat-ha plan active, or xcat-ha plan standby" ;;
    esac
  fi
}

# first_setup: nothing serves from the share yet, so a mistake may be corrected first; later a failover must not fail for what ran all year.
first_setup() { [[ ${FACT[lease]} == none || ${FACT[shared]} != present ]]; }

# joins: a standby node of which nothing can be stopped or lost yet.
joins() { [[ ${FACT[role]} == standby && -z ${FACT[running]} && ${FACT[links]} != all ]]; }

# mount_is_refused: on a file system of one kernel nothing becomes active, ever; its options are for who begins.
mount_is_refused() {
  [[ ${FACT[mount]} != ok ]] || return 1
  if [[ ${FACT[role]} == standby ]]; then joins; else first_setup || [[ ${FACT[mount]} != 'is mounted with '* ]]; fi
}

# all_is_known: else what no look has answered is in `unknown`; but for the clock and the database, which have sentences of their own.
all_is_known() {
  local fact
  unknown=
  [[ ${FACT[*]} == *unknown* ]] || return 0
  for fact in "${!FACT[@]}"; do
    [[ ${FACT[$fact]} != unknown || $fact == @(clock|database) ]] || unknown+=" $fact"
  done
  [[ -z $unknown ]]
}

# refuse_dissolved: what the share holds is old. Put away by the time at which it became so: a pair can be dissolved more than once.
refuse_dissolved() {
  local home=${FACT[dissolved]%% *} since=${FACT[dissolved]#* } next
  next="to make a pair again, put the old data away first: cd ${FACT[share_path]} && mkdir old-$since && mv xcat install .xcat pgsql tftpboot .xcat-ha/dissolved old-$since/; then pulumi up on the stack of $home"
  # Cut before its own directories were in place.
  [[ $home != "${FACT[node]}" || ${FACT[links]} == none ]] || next="run pulumi destroy on the stack of $home again: it goes on"
  refuse refused "the pair was dissolved: $home took the data back at $since, and what ${FACT[share_path]} holds is old; nothing was touched" \
    "${FACT[share_path]}/.xcat-ha/dissolved" "$next"
}

# refuse_other_stack: two stacks would each undo what the other does, and either's destroy would take the node from the other.
refuse_other_stack() {
  refuse refused "${FACT[node]} is managed by the stack ${FACT[managed_by]}; expected ${FACT[stack]}, which asks; nothing was touched" \
    "/etc/xcat-ha/stack on ${FACT[node]}" \
    "pulumi up -s ${FACT[managed_by]#*/}, or pulumi config set node ${FACT[peer]} -s ${FACT[stack]#*/}. If ${FACT[managed_by]} was renamed to ${FACT[stack]} or is no more: rm /etc/xcat-ha/stack on ${FACT[node]}, then the same command again"
}

# is_frozen: what is asked would change who is active. An owner that was rebooted meanwhile takes up again where it was.
is_frozen() {
  [[ -n ${FACT[frozen]} ]] || return 1
  case ${FACT[role]}/${FACT[lease]} in
    active/other* | standby/mine*) return 0 ;;
    active/released) [[ ${FACT[holder]} != "${FACT[node]}" ]] ;;
    *) return 1 ;;
  esac
}

refuse_frozen() {
  refuse refused "the pair is frozen ${FACT[frozen]}; expected no change of role meanwhile; nothing was touched" "${FACT[share_path]}/.xcat-ha/frozen; ${FACT[sentence]}" \
    "wait for its end; or, where nobody works on ${FACT[holder]} any more, xcat-ha thaw on either node, then the same command again"
}

# refuse_missing_units: before anything is stopped for services that could never be complete.
refuse_missing_units() {
  local units
  read -ra units <<<"${FACT[lacking]}"
  refuse misconfigured "${FACT[node]} has no unit ${units[*]/%/.service}; cluster.yaml lists ${units[*]} under services; nothing was touched" \
    "systemctl show -p LoadState ${units[*]/%/.service}" \
    "install ${units[*]} on ${FACT[node]} (or systemctl unmask), or take it out of services in cluster.yaml"
}

# refuse_unfit: found by the standby node's own preview, and not in the night of a failover.
refuse_unfit() {
  refuse misconfigured "PostgreSQL of ${FACT[node]} cannot run the database of the pair: ${FACT[unfit]}; expected the same major version and uid on both nodes; nothing was touched" \
    "PG_VERSION and owner of the data directory on ${FACT[share_path]}; postgres -V and id -u postgres on ${FACT[node]}" \
    "install the same major version of PostgreSQL on ${FACT[node]}, or give its user the same uid there (usermod -u, and chown of its files), then run the same command again"
}

# refuse_peer_unfit: while this node still serves.
refuse_peer_unfit() {
  local file=${FACT[share_path]}/.xcat-ha/nodes/${FACT[peer]}
  refuse misconfigured "${FACT[peer]} cannot run the database of the pair: ${FACT[peer_unfit]}; expected a node that can before ${FACT[node]} steps down; nothing was touched" \
    "$file, as the watch of ${FACT[peer]} wrote it last" \
    "correct it on ${FACT[peer]}; half a minute later the same command again. To stop the services although no node could go on: systemctl stop xcat-ha-watch.timer on ${FACT[peer]}, rm $file, then the same command again"
}

note_unlike() {
  [[ -z ${FACT[unlike]} ]] ||
    step note "warning: the nodes are not alike: ${FACT[unlike]}" "no change of role waits for that; make them the same"
}

note_astray() {
  [[ -z ${FACT[astray]} ]] ||
    step note "warning: the database is not whole in its directory, as ${FACT[node]} sees it: ${FACT[astray]}" "the other node may lack it; a failover does not wait for that"
}

note_root_key() { [[ -z ${FACT[root_key]} ]] || step note "warning: ${FACT[root_key]}" "xdsh and what else xCAT does by SSH; a failover does not wait for that"; }

plan_active() {
  local database
  if [[ -n ${FACT[lacking]} ]]; then
    refuse_missing_units
    return
  fi
  case ${FACT[lease]} in
    other | other-releasing)
      if takeover_is_ordered; then
        takeover_may_be || return 0
      elif [[ ${FACT[lease]} == other ]] && ! handover_may_be; then
        refuse_held
        return
      fi
      ;;
    none)
      if [[ -n ${FACT[elsewhere]} ]]; then
        refuse misconfigured "these are links to somewhere else on ${FACT[node]}: ${FACT[elsewhere]}; expected directories, or links into ${FACT[share_path]} by its own names" \
          "readlink of each on ${FACT[node]}" "stop the services, move the data to where the link should point, make the link anew with ln -sfn, then run the same command again"
        return
      fi
      case ", ${FACT[missing]}," in
        *", /etc/xcat,"* | *", /var/lib/"*sql,*)
          refuse misconfigured "${FACT[missing]} is not on ${FACT[node]}; expected a management node that runs xCAT on PostgreSQL" \
            "neither on ${FACT[node]} nor on ${FACT[share_path]}" "install xCAT and run pgsqlsetup on ${FACT[node]}, or make the node active first that has the data"
          return
          ;;
      esac
      ;;
  esac
  if [[ ${FACT[lease]} != none ]] && ! first_setup_finished_or_ours; then
    refuse_unfinished
    return
  fi
  database=${FACT[cfgloc]}
  if [[ -n ${FACT[unfit]} ]]; then
    refuse_unfit
  elif [[ -n ${FACT[astray]} ]] && first_setup; then
    refuse misconfigured "the database of ${FACT[node]} is not whole in its directory: ${FACT[astray]}; expected all of it there, which goes to ${FACT[share_path]}; nothing was touched" \
      "systemctl cat of PostgreSQL's unit, its data_directory, and the links in its directory on ${FACT[node]}" \
      "stop xcatd and PostgreSQL on ${FACT[node]}, move what is named to where it is expected (in the place of its link), correct the unit or the setting, start both, then run the same command again"
  elif [[ $database != "Pg ${FACT[vip]}" ]]; then
    refuse_database "$database"
  elif [[ -n ${FACT[login]} ]]; then
    refuse misconfigured "xCAT of ${FACT[node]} could not log in to its database: ${FACT[login]}; expected a way for it from each address of the pair; nothing was touched" \
      "the unit, the configuration and pg_hba.conf of PostgreSQL, and /etc/xcat/cfgloc on ${FACT[node]}" \
      "correct what is named, or what goes with it (ssl = on, sslmode, sslcert), then run the same command again"
  elif [[ ${FACT[own_name]} != ok ]]; then
    refuse misconfigured "the own name ${FACT[own_name]} on ${FACT[node]}; expected an address of ${FACT[node]} or the VIP: makedns would delete the zones and fail" \
      "getent ahostsv4 of hostname on ${FACT[node]}" "put the name into nodes.${FACT[node]}.names or virtualIp.names in cluster.yaml, or an address of ${FACT[node]} beside it in /etc/hosts"
  elif [[ -n ${FACT[traps]}${FACT[traps_untold]} ]]; then
    refuse_traps
  elif ! has_room; then
    refuse_without_room
  elif [[ ${FACT[lease]} == none && ${FACT[shared]} != absent ]]; then
    plan_hand_built
  else
    plan_activation
  fi
}

# takeover_is_ordered: of the epoch that is held now. One of an older epoch is used up.
takeover_is_ordered() { [[ ${FACT[lease]} == other* && -n ${FACT[takeover]} && ${FACT[takeover]} == "${FACT[epoch]}" ]]; }

# handover_may_be: ordered; and no database has yet to step aside, which its owner may do meanwhile.
handover_may_be() { [[ ${FACT[handover]} =~ ^[1-9][0-9]{0,3}$ && -z ${FACT[apart]} ]]; }

takeover_used_up() { [[ -n ${FACT[takeover]} ]] && ((FACT[takeover] < FACT[epoch])); }

# refuse_held: with what to type for each of what may be the case.
refuse_held() {
  local used=''
  if takeover_used_up; then
    used=". The takeover of epoch ${FACT[takeover]} in the stack config is used up"
  elif [[ -n ${FACT[takeover]} ]]; then
    used=". The stack config orders a takeover of epoch ${FACT[takeover]}, which does not exist"
  fi
  refuse held "${FACT[node]} should be active, but ${FACT[sentence]}$used; nothing was touched" "the newest epoch names ${FACT[holder]}" \
    "let ${FACT[holder]} step down: pulumi config set activeNode ${FACT[node]} and pulumi up on the stack of ${FACT[holder]}, then here again. Or, where ${FACT[holder]} should stay active: pulumi config set activeNode ${FACT[holder]} here. Or, where ${FACT[holder]} is dead: docs/failover.md, The active node is dead (takeover.epoch ${FACT[epoch]})"
}

# takeover_may_be: else a refusal. Without a fence a sign of life is final; with one it is judged again behind the fence.
takeover_may_be() {
  case ${FACT[takeover_by]}/${FACT[fence]} in
    confirmation/*)
      [[ ${FACT[signs]} != none ]] || return 0
      refuse refused "${FACT[peer]} shows signs of life; expected none of a node that is powered off; nothing was touched" "${FACT[signs]}" \
        "let ${FACT[peer]} step down where it runs: pulumi up on its stack. Where it hangs: power it off, then the same command again"
      ;;
    fence/on | fence/off) return 0 ;;
    fence/absent)
      refuse misconfigured "there is no $FENCE on ${FACT[node]}; expected the command that switches ${FACT[peer]} off; nothing was touched" "stat $FENCE" \
        "docs/failover.md, A fence, says what it must do. Or power ${FACT[peer]} off by hand, and takeover.confirm instead of takeover.fence"
      ;;
    *)
      refuse misconfigured "the fence does not say whether ${FACT[peer]} is on; expected $FENCE status ${FACT[peer]} to print on or off; nothing was touched" "${FACT[fence]}" \
        "make it work on ${FACT[node]}. Or power ${FACT[peer]} off by hand, and takeover.confirm instead of takeover.fence"
      ;;
  esac
  return 1
}

# plan_takeover: before anything of this node is touched.
plan_takeover() {
  step note "takeover: ${FACT[sentence]}; signs of life of ${FACT[peer]}: ${FACT[signs]}" "asked: SSH, ARP for its address and for the VIP, its beat"
  if [[ ${FACT[takeover_by]} == fence ]]; then
    step fence - "$FENCE off ${FACT[peer]}, which is ${FACT[fence]} now; then read back, twice"
    step judge - "what of ${FACT[peer]} still answers then is a refusal"
  else
    step copy - "the database: ${FACT[copy]}. Should ${FACT[peer]} live after all, it writes on in the one that it has open, and not where ${FACT[node]} works"
  fi
}

# claim_over_head: whose epoch, on what evidence, and why.
claim_over_head() {
  local by="a person's word"
  [[ ${FACT[takeover_by]} != fence ]] || by='the fence'
  step claim takeover "epoch ${FACT[epoch]} of ${FACT[holder]} is overridden, by $by: ${FACT[takeover_reason]}"
}

refuse_database() {
  case $1 in
    missing)
      refuse misconfigured "there is no /etc/xcat/cfgloc, neither on ${FACT[node]} nor on ${FACT[share_path]}; expected the line that leads xCAT to PostgreSQL: without it xcatd makes an empty SQLite database" \
        "/etc/xcat/cfgloc and ${FACT[share_path]}/xcat/cfgloc" "install xCAT and run pgsqlsetup on ${FACT[node]}, or make the node active first that has the data"
      ;;
    "Pg "*)
      refuse misconfigured "xCAT's database is at ${1#Pg }, by /etc/xcat/cfgloc; expected the VIP ${FACT[vip]}" \
        "site.master, site.nameservers and tftpserver name the same address as a rule" \
        "either correct virtualIp.address in cluster.yaml, or move xCAT to the new VIP first: chtab key=master site.value=${FACT[vip]}, chtab key=nameservers site.value=${FACT[vip]}, then host= in /etc/xcat/cfgloc; then run the same command again"
      ;;
    *)
      refuse misconfigured "xCAT's database is of another kind, '$1'; expected PostgreSQL" "the first line of /etc/xcat/cfgloc on ${FACT[node]}" "run pgsqlsetup -i on ${FACT[node]}, then run the same command again"
      ;;
  esac
}

refuse_traps() {
  if [[ -n ${FACT[traps]} ]]; then
    refuse misconfigured "xCAT's tables would make a step fail half way: ${FACT[traps]}" "asked of xcatd on ${FACT[node]} just now" "correct them on ${FACT[node]}, then run the same command again"
  else
    refuse unknown "xCAT's tables could not be asked on ${FACT[node]}; expected to know that nothing in them makes a step fail half way; nothing was touched" \
      "${FACT[traps_untold]}" "journalctl -u xcatd on ${FACT[node]}; when xcatd answers, run the same command again"
  fi
}

# plan_activation: the first one, after a failover, or again.
plan_activation() {
  ! takeover_used_up || step note "the takeover of epoch ${FACT[takeover]} in the stack config is used up, and changes nothing" "${FACT[sentence]}"
  ! takeover_is_ordered || plan_takeover
  note_unlike
  note_astray
  note_root_key
  if [[ ${FACT[lease]} == none ]]; then step export begin "the cluster data as it is before the first change"; fi
  if [[ ${FACT[links]} != all && ${FACT[shared]} != present ]]; then
    plan_copy
  fi
  if [[ ${FACT[lease]} == mine && ${FACT[links]} == all && -z ${FACT[apart]} ]]; then
    plan_up "the owner lease is ours already"
    return
  fi
  step quiesce - "the services start again under the owner lease, after ${FACT[outage]}${FACT[running]:+: now running ${FACT[running]}}"
  if takeover_is_ordered; then
    claim_over_head
  elif [[ ${FACT[lease]} == other* ]] && handover_may_be; then
    step claim handover "${FACT[sentence]}; its release is waited for, for at most ${FACT[handover]} s"
  elif [[ ${FACT[lease]} != mine ]]; then
    step claim - "${FACT[sentence]}"
  fi
  if takeover_is_ordered && [[ ${FACT[takeover_by]} == confirmation ]]; then
    plan_switch "${FACT[epoch]}"
  elif [[ -n ${FACT[apart]} ]]; then
    plan_switch "${FACT[apart]}"
  fi
  plan_up "active, in the manifest's order"
}

plan_switch() { step switch "$1" "PostgreSQL starts on the copy of its directory; the one of epoch $1 stays beside it"; }

# plan_up REASON: behind the claim. Before a first setup is finished nobody else was an owner whose hosts file could count.
plan_up() {
  if [[ ${FACT[shared]} == present ]]; then
    step hosts newest "/etc/hosts as the newest owner left it: makedns and makedhcp take addresses from nowhere else"
  else
    step hosts own "/etc/hosts of ${FACT[node]} is the truth in a first setup"
  fi
  plan_parts active after "$1"

  step export begin "the cluster data, when everything serves again"
  step verify - "every part, xcatprobe, and the cluster data against the export before"
}

# has_room: for a copy and what the services write meanwhile; without one only for the lease's own files: a share that is nearly full
# must not stand in the way of a failover.
has_room() { ((FACT[free] >= (FACT[needed] ? FACT[needed] + 10240 : 64))); }

refuse_without_room() {
  refuse misconfigured "${FACT[share_path]} has $(in_bytes "${FACT[free]}") free; the directories of ${FACT[node]} need $(in_bytes "${FACT[needed]}"): ${FACT[copy]:-nothing to copy}" \
    "du of each directory, df ${FACT[share_path]}" "make room on ${FACT[share_path]}, then run the same command again"
}

# plan_copy: ahead of the stop.
plan_copy() {
  step prepare sharedDataLinks "first setup: copy ahead while the services run${FACT[copy]:+: ${FACT[copy]}; $(in_bytes "${FACT[free]}") are free on ${FACT[share_path]}}"
}

in_bytes() { numfmt --to=iec --from-unit=1024 -- "$1"; }

# plan_hand_built: directories are on shared data, no epoch is: what the manual's steps leave. It is taken over only from the node that
# runs it, or when nobody does; nothing is stopped, but for a database or /etc/xcat that is still local.
plan_hand_built() {
  local running
  if [[ -n ${FACT[both]} ]]; then
    refuse refused "${FACT[both]} is a local directory of ${FACT[node]}, and on ${FACT[share_path]} too, made by no epoch of ours; expected one of them" \
      "${FACT[mistakes]:-links: ${FACT[links]}}" \
      "where the local one is the truth: mv the one on ${FACT[share_path]} aside. Where the one on ${FACT[share_path]} is: stop the services, mv the local one aside and ln -s. Or make the node active whose links are in place. Then run the same command again"
  elif [[ ${FACT[links]} == none ]]; then
    refuse refused "the shared data already holds directories (${FACT[shared]}) that no epoch of ours made and that ${FACT[node]} does not link; expected none before the first setup" \
      "links on ${FACT[node]}: ${FACT[links]}" "move them away on the share, or make the node active first that links them"
  elif [[ ${FACT[database]} != "runs here" && ${FACT[database]} != "shut down"* ]]; then
    refuse refused "${FACT[node]} does not run the database on ${FACT[share_path]}, and it was not shut down: ${FACT[database]}; expected to take over the node that runs it, or a database that nobody runs" \
      "pg_controldata says '${FACT[database]}', no process of ${FACT[node]} has the data directory; VIP: ${FACT[virtual_ip]}" \
      "make ${FACT[peer]} active first if it runs there: pulumi config set activeNode ${FACT[peer]} on both stacks. Or stop it there"
  elif [[ ${FACT[virtual_ip]} != here && ${FACT[virtual_ip]} != free ]]; then
    refuse refused "another machine answers for the VIP; expected ${FACT[node]} to have it, or nobody" "arping: ${FACT[virtual_ip]:-not asked}" \
      "make the node active first that has it, or take it away there: ip addr del"
  else
    if [[ -n ${FACT[running]} ]]; then running="${FACT[running]% } go on running"; else running="nothing runs yet"; fi
    step note "a pair built by hand is taken over: $running" "what differs is corrected"
    [[ -z ${FACT[mistakes]} ]] || step note "the manual's mistakes found: ${FACT[mistakes]}" "they are corrected, but for what is said to stay"
    step export begin "the cluster data as it is before the first change"
    if [[ -n ${FACT[copy]} ]]; then
      plan_copy
      case ", ${FACT[copy]}" in
        *", /etc/xcat "* | *", /var/lib/"*"sql "*) step quiesce - "the data on which they work is moved, for ${FACT[outage]}${FACT[running]:+: now running ${FACT[running]}}" ;;
      esac
    fi
    step claim - "${FACT[sentence]}"
    plan_up "active, in the manifest's order"
  fi
}

plan_standby() {
  case ${FACT[lease]} in
    mine*)
      if [[ ${FACT[by]} == program && -n ${FACT[from_console]} ]]; then
        refuse held "${FACT[node]} became the active node at its console, and the stack's config calls it a standby node; expected a config that has named it once before it steps down; nothing was touched" \
          "${FACT[sentence]}" "pulumi config set activeNode ${FACT[node]} on both stacks, then pulumi up on the stack of ${FACT[node]}: from then on a flip steps it down. Or at its console: xcat-ha become standby"
        return
      fi
      ;;
    none)
      refuse refused "${FACT[node]} cannot be a standby node yet: ${FACT[sentence]}" "shared directories: ${FACT[shared]}" \
        "set up the active node first: pulumi up on the stack of ${FACT[peer]}"
      return
      ;;
  esac
  # Where the first setup is ours and not finished the local directories are the truth: a standby node would put them aside.
  if ! first_setup_finished_or_ours || [[ ${FACT[shared]} != present && ${FACT[links]} != all ]]; then
    refuse_unfinished
    return
  fi
  # Only beside an owner: what is not there keeps nobody from stepping down.
  if [[ -n ${FACT[lacking]} && ${FACT[lease]} == other* ]]; then
    refuse_missing_units
    return
  fi
  if [[ -n ${FACT[unfit]} && ${FACT[lease]} == other* ]]; then
    if joins; then
      refuse_unfit
      return
    fi
    step note "warning: PostgreSQL of ${FACT[node]} cannot run the database of the pair: ${FACT[unfit]}" "that keeps nobody from stepping down"
  fi
  if [[ -n ${FACT[peer_unfit]} && ${FACT[lease]} == mine ]]; then
    refuse_peer_unfit
    return
  fi
  [[ -z ${FACT[peer_untold]} ]] ||
    step note "warning: whether ${FACT[peer]} has what ${FACT[node]} has, and could run the database, cannot be told: ${FACT[peer_untold]}" "that keeps nobody from stepping down"
  note_unlike
  note_astray
  note_root_key
  if [[ -n ${FACT[traps]} ]]; then
    refuse_traps
    return
  fi
  # An ill xcatd is a reason to fail over.
  [[ -z ${FACT[traps_untold]} ]] ||
    step note "xCAT's tables could not be asked: ${FACT[traps_untold]}; whether make* would fail on ${FACT[peer]} is not known" "that keeps nobody from stepping down"
  step record - "how the services were found${FACT[running]:+: now running ${FACT[running]}}"
  if [[ ${FACT[lease]} == mine && " ${FACT[running]} " == *" xcatd "* ]]; then
    step export end "the cluster data, before anything stops"
  fi
  case ${FACT[lease]} in
    mine | mine-releasing | mine-rebooted) plan_down "${FACT[sentence]}" "the other node may claim now" ;;
    *) plan_down ;;
  esac
}

# plan_rollback: back from an activation that failed under its own epoch. Without the export of one that steps down: nothing was served yet.
plan_rollback() { plan_down "the activation failed" "either node may claim now"; }

# plan_down [RELEASE RELEASED]: what is the active node's is taken back, and that is proven; inside a release, with its reasons, where the lease is
# ours.
plan_down() {
  (($# == 0)) || step release - "$1"
  plan_parts standby before "taken back, in reverse order"
  step prove - "no managed service and no process with the data directory"
  if (($#)); then
    step hosts keep "/etc/hosts, for the next owner"
    step released - "$2"
  fi
  plan_parts standby after "as on every standby node"
}

# plan_beat: what the owner's own timer does. Asked often, so it knows only FACT lease, sentence, links, running, vip (here, absent or unknown),
# on_share_loss, share_lost (seconds or unknown), share_loss_limit, frozen.
#        beat -         shows that the owner lives
#        end-run -      whatever order runs here is ended
#        kill, drop, gone, disarm    services, VIP, proof, cron and timer
# It was started under a lease of this boot: everything else is somebody else's, or not to be known. It runs on until the lease is released,
# and a moment longer: by then nothing is left to step down.
plan_beat() {
  local lost='the shared data cannot be read' was='the shared data could not be read' lasts="for ${FACT[share_lost]} s"
  case ${FACT[lease]} in
    mine) step beat - "the owner lease is ours" ;;
    mine-releasing) step beat - "the owner lease is ours, its release has begun" ;;
    none | unknown)
      # Epochs are never deleted: a share without one is another one, or not there whole.
      [[ ${FACT[lease]} == unknown ]] || lost='the shared data names no owner any more' was='the shared data named no owner'
      # Not to know it is not "not long enough".
      [[ ${FACT[share_lost]} != unknown ]] || lasts='for a time that cannot be told'
      if [[ ${FACT[on_share_loss]} == keep ]]; then
        step note "$lost, $lasts now" "onShareLoss is keep: the services go on"
      elif [[ ${FACT[links]} == none && -z ${FACT[running]} ]]; then
        # A first setup before its first link: the VIP is still an ordinary address of the node, and the local data is the truth.
        step note "$lost, $lasts now" "nothing of ${FACT[node]} is on it yet"
      elif [[ -n ${FACT[frozen]} ]]; then
        step note "$lost, $lasts now" "frozen ${FACT[frozen]}: the services go on"
      elif [[ ${FACT[share_lost]} != unknown ]] && ((FACT[share_lost] < FACT[share_loss_limit])); then
        step note "$lost, $lasts now" "after ${FACT[share_loss_limit]} s ${FACT[node]} steps down"
      else
        plan_demotion "$was $lasts"
      fi
      ;;
    *) plan_demotion "${FACT[sentence]}" ;;
  esac
}

# plan_demotion REASON: without a release, which would claim a proof.
plan_demotion() {
  [[ -n ${FACT[running]} || ${FACT[vip]} != absent ]] || return 0
  step end-run - "$1"
  step kill - "the database first: another node may be writing"
  step drop - "the VIP is the other node's"
  step gone - "nothing of ours runs any more"
  step disarm - "cron and timer"
}

first_setup_finished_or_ours() { [[ ${FACT[shared]} == present || ${FACT[holder]} == "${FACT[node]}" ]]; }

refuse_unfinished() {
  refuse incomplete "the shared directories are ${FACT[shared]}: the first setup by ${FACT[holder]} did not finish; nothing was touched" \
    "${FACT[sentence]}; links on ${FACT[node]}: ${FACT[links]}" \
    "pulumi up on the stack of ${FACT[holder]} with activeNode ${FACT[holder]}: it goes on where it ended"
}

# plan_parts ROLE WHEN REASON: the parts behind the lease. On a standby node those that are taken back come before the release,
# in reverse; the others come after it.
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
