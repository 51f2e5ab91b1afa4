# What is looked at before a change of role.

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
  declare -gA FACT=(
    [role]=$1 [node]=$NODE [peer]=$PEER [vip]=$VIP [static_address]=$STATIC_ADDRESS
    [share_path]=$SHARE [clock_limit]=$CLOCK_LIMIT
  )
  for fact in managed_by system tools static owners share lease sentence holder links shared running lacking outage \
    cfgloc own_name clock traps traps_untold dissolved dissolving frozen takeover takeover_by takeover_reason epoch \
    apart signs fence from_console mounted elsewhere astray unfit peer_unfit peer_untold unlike login mount missing \
    both copy needed free root_key database virtual_ip mistakes; do
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
    printf '%s; %s\n' 'about 20 s and the last copy of what changed' \
      'on a cluster of thousands of nodes makedns and makedhcp take minutes'
  fi
}
