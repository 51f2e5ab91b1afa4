# virtualIp: the VIP with its label on the active node, and nowhere else (the manual, "Configure VIP").

virtualIp_observe() {
  local entries addresses
  seen_as_told ip prefix interface label static
  entries=$(virtualIp_entries "${WANT[ip]}") || exit
  entries=$(one_line "$entries")
  SEEN[address]=${entries:-absent}
  [[ -n $entries && ${WANT[address]} != absent ]] || return 0
  addresses=$(all_addresses) || exit
  ! virtualIp_is_first "$addresses" || SEEN[address]+=", the first of its subnet: what $NODE sends carries it"
}

# virtualIp_is_first ADDRESSES: by what ip shows, the kernel takes the static address for a secondary one and the VIP
# not. What the node sends by itself would come from the VIP then, and move with it.
virtualIp_is_first() {
  local line vip='' static=''
  while IFS= read -r line; do
    case $line in
      *" inet ${WANT[ip]}/"*) vip=$line ;;
      *" inet ${WANT[static]} "*) static=$line ;;
    esac
  done <<<"$1"
  [[ -n $vip && $vip != *' secondary '* && $static == *' secondary '* ]]
}

virtualIp_apply() {
  local former=''
  if [[ -n ${BEFORE[ip]:-} && ${BEFORE[ip]} != "${WANT[ip]}" ]]; then
    former=$(virtualIp_entries "${BEFORE[ip]}") || exit
  fi
  if [[ -n $former ]]; then
    virtualIp_drop "${BEFORE[ip]}"
    virtualIp_keep_static
    say "former VIP ${BEFORE[ip]} dropped"
  fi
  virtualIp_observe
  if [[ ${WANT[address]} == absent ]]; then
    [[ ${SEEN[address]} == absent ]] || {
      virtualIp_drop "${WANT[ip]}"
      say "VIP ${WANT[ip]} dropped"
    }
    virtualIp_keep_static
    return 0
  fi
  [[ ${SEEN[address]} != "${WANT[address]}" ]] || return 0
  lease_require "the VIP"
  [[ ${SEEN[address]} != absent ]] || virtualIp_nowhere_else_require
  virtualIp_drop "${WANT[ip]}"
  virtualIp_keep_static
  virtualIp_add
}

virtualIp_remove() {
  virtualIp_drop "${WANT[ip]}"
  virtualIp_keep_static
}
