# The plan of a node that becomes active.

plan_active() {
  refuse_activation
  [[ -n $REFUSAL ]] || refuse_database_here
  if [[ -n $REFUSAL ]]; then
    return
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

# refuse_activation: who holds the lease, and what the first setup would find or has left.
refuse_activation() {
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
        refuse misconfigured \
          "these are links to somewhere else on ${FACT[node]}: ${FACT[elsewhere]}; expected directories, or links \
into ${FACT[share_path]} by its own names" \
          "readlink of each on ${FACT[node]}" \
          "stop the services, move the data to where the link should point, make the link anew with ln -sfn, then run \
the same command again"
        return
      fi
      case ", ${FACT[missing]}," in
        *", /etc/xcat,"* | *", /var/lib/"*sql,*)
          refuse misconfigured \
            "${FACT[missing]} is not on ${FACT[node]}; expected a management node that runs xCAT on PostgreSQL" \
            "neither on ${FACT[node]} nor on ${FACT[share_path]}" \
            "install xCAT and run pgsqlsetup on ${FACT[node]}" "make the node active first that has the data"
          return
          ;;
      esac
      ;;
  esac
  if [[ ${FACT[lease]} != none ]] && ! first_setup_finished_or_ours; then
    refuse_unfinished
  fi
}

# refuse_database_here: why xCAT would not come to its database on this node.
refuse_database_here() {
  local database=${FACT[cfgloc]}
  if [[ -n ${FACT[unfit]} ]]; then
    refuse_unfit
  elif [[ -n ${FACT[astray]} ]] && first_setup; then
    refuse misconfigured \
      "the database of ${FACT[node]} is not whole in its directory: ${FACT[astray]}; expected all of it there, \
which goes to ${FACT[share_path]}; nothing was touched" \
      "systemctl cat of PostgreSQL's unit, its data_directory, and the links in its directory on ${FACT[node]}" \
      "stop xcatd and PostgreSQL on ${FACT[node]}, move what is named to where it is expected (in the place of its \
link), correct the unit or the setting, start both, then run the same command again"
  elif [[ $database != "Pg ${FACT[vip]}" ]]; then
    refuse_database "$database"
  elif [[ -n ${FACT[login]} ]]; then
    refuse misconfigured \
      "xCAT of ${FACT[node]} could not log in to its database: ${FACT[login]}; expected a way for it from each \
address of the pair; nothing was touched" \
      "the unit, the configuration and pg_hba.conf of PostgreSQL, and /etc/xcat/cfgloc on ${FACT[node]}" \
      "correct what is named, or what goes with it (ssl = on, sslmode, sslcert), then run the same command again"
  elif [[ ${FACT[own_name]} != ok ]]; then
    refuse misconfigured \
      "the own name ${FACT[own_name]} on ${FACT[node]}; expected an address of ${FACT[node]} or the VIP: makedns \
would delete the zones and fail" \
      "getent ahostsv4 of hostname on ${FACT[node]}" \
      "put the name into nodes.${FACT[node]}.names or virtualIp.names in cluster.yaml" \
      "put an address of ${FACT[node]} beside it in /etc/hosts"
  fi
}

refuse_database() {
  case $1 in
    missing)
      refuse misconfigured \
        "there is no /etc/xcat/cfgloc, neither on ${FACT[node]} nor on ${FACT[share_path]}; expected the line that \
leads xCAT to PostgreSQL: without it xcatd makes an empty SQLite database" \
        "/etc/xcat/cfgloc and ${FACT[share_path]}/xcat/cfgloc" \
        "install xCAT and run pgsqlsetup on ${FACT[node]}" "make the node active first that has the data"
      ;;
    "Pg "*)
      refuse misconfigured "xCAT's database is at ${1#Pg }, by /etc/xcat/cfgloc; expected the VIP ${FACT[vip]}" \
        "site.master, site.nameservers and tftpserver name the same address as a rule" \
        "correct virtualIp.address in cluster.yaml" \
        "move xCAT to the new VIP first: chtab key=master site.value=${FACT[vip]}, chtab key=nameservers \
site.value=${FACT[vip]}, then host= in /etc/xcat/cfgloc; then run the same command again"
      ;;
    *)
      refuse misconfigured "xCAT's database is of another kind, '$1'; expected PostgreSQL" \
        "the first line of /etc/xcat/cfgloc on ${FACT[node]}" \
        "run pgsqlsetup -i on ${FACT[node]}, then run the same command again"
      ;;
  esac
}

refuse_traps() {
  if [[ -n ${FACT[traps]} ]]; then
    refuse misconfigured "xCAT's tables would make a step fail half way: ${FACT[traps]}" \
      "asked of xcatd on ${FACT[node]} just now" "correct them on ${FACT[node]}, then run the same command again"
  else
    refuse unknown \
      "xCAT's tables could not be asked on ${FACT[node]}; expected to know that nothing in them makes a step fail \
half way; nothing was touched" \
      "${FACT[traps_untold]}" "journalctl -u xcatd on ${FACT[node]}; when xcatd answers, run the same command again"
  fi
}

# plan_activation: the first one, after a failover, or again.
plan_activation() {
  ! takeover_used_up ||
    step note "the takeover of epoch ${FACT[takeover]} in the stack config is used up, and changes nothing" \
      "${FACT[sentence]}"
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
  step quiesce - "the services start again under the owner lease, after \
${FACT[outage]}${FACT[running]:+: now running ${FACT[running]}}"
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

plan_switch() {
  step switch "$1" "PostgreSQL starts on the copy of its directory; the one of epoch $1 stays beside it"
}

# plan_up REASON: behind the claim. Before a first setup is finished nobody else was an owner whose hosts file could
# count.
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

# has_room: for a copy and what the services write meanwhile; without one only for the lease's own files: a share that
# is nearly full must not stand in the way of a failover.
has_room() { ((FACT[free] >= (FACT[needed] ? FACT[needed] + 10240 : 64))); }

refuse_without_room() {
  refuse misconfigured \
    "${FACT[share_path]} has $(in_bytes "${FACT[free]}") free; the directories of ${FACT[node]} need \
$(in_bytes "${FACT[needed]}"): ${FACT[copy]:-nothing to copy}" \
    "du of each directory, df ${FACT[share_path]}" "make room on ${FACT[share_path]}, then run the same command again"
}

# plan_copy: ahead of the stop.
plan_copy() {
  step prepare sharedDataLinks "first setup: copy ahead while the services \
run${FACT[copy]:+: ${FACT[copy]}; $(in_bytes "${FACT[free]}") are free on ${FACT[share_path]}}"
}

in_bytes() { numfmt --to=iec --from-unit=1024 -- "$1"; }
