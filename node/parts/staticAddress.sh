# staticAddress: the node's own persistent address, which SSH uses from the first setup on (the manual, "Configure
# VIP"). The VIP is never persistent.

# persistent_state ADDRESS INTERFACE: ADDRESS, where the tool that owns the interface has it and nothing has the VIP;
# else what there is instead.
persistent_state() {
  local state other said
  said=$(ifupdown_says "$2") || exit
  local IFUPDOWN_SAID=$said
  state=$(persistent_list "$@") || exit
  other=$(persistent_elsewhere "$2" "$VIP") || exit
  [[ -z $other ]] || state="a line adds the VIP at boot: ${other//$'\n'/; }"
  printf '%s\n' "$state"
}

# persistent_list ADDRESS INTERFACE: the same of the tool's own addresses.
persistent_list() {
  local OWNERS list address there='' other='' said
  said=$(ifupdown_says "$2") || exit
  local IFUPDOWN_SAID=$said
  owners_of "$2"
  if ((${#OWNERS[@]} != 1)); then
    owners_sentence "$2" "${OWNERS[@]}"
    return 0
  fi
  # shellcheck disable=SC2086 # tool and place
  list=$(persistent_addresses ${OWNERS[0]} "$2") || exit
  # Nor the same one with another prefix, nor what is no single address.
  while IFS= read -r address; do
    case $address in
      "$1") there=yes ;;
      "$VIP"/* | "${1%/*}"/* | *' '*) other=yes ;;
    esac
  done <<<"$list"
  if [[ -n $there && -z $other ]]; then
    printf '%s\n' "$1"
  else
    printf '%s has %s\n' "${OWNERS[0]}" "$(paste -sd, <<<"${list:-no address}" | sed 's/,/, /g')"
  fi
}

staticAddress_observe() {
  seen_as_told interface
  if has_address "${WANT[address]}" "${WANT[interface]}"; then
    SEEN[address]=${WANT[address]}
  else
    SEEN[address]=absent
  fi
  SEEN[persistent]=$(persistent_state "${WANT[address]}" "${WANT[interface]}")
}

staticAddress_apply() {
  staticAddress_add
  persist "${WANT[address]}" "${WANT[interface]}" "${BEFORE[address]:-}"
  if [[ -n ${BEFORE[address]:-} && ${BEFORE[address]} != "${WANT[address]}" ]] &&
    has_address "${BEFORE[address]}" "${BEFORE[interface]}"; then
    address_drop "${BEFORE[address]}" "${BEFORE[interface]}"
    say "former static address ${BEFORE[address]} dropped"
  fi
}

# persist ADDRESS INTERFACE FORMER: into the configuration of the tool that owns the interface, in the place of the VIP
# or of FORMER. It goes back to what it was where the tool does not read it as it was written: nobody sees that before
# the next boot.
persist() {
  local wanted=$1 interface=$2 former=$3 OWNERS tool where list address file files copies=() index seen next
  seen=$(ifupdown_says "$interface") || exit
  local IFUPDOWN_SAID=$seen
  seen=$(persistent_elsewhere "$interface" "$VIP") || exit
  # At a first setup alone: later it is a difference that the preview names, and no failover waits for it.
  [[ -z $seen || -n $former ]] ||
    fail misconfigured \
      "the VIP $VIP would come back at the next boot of $NODE, by a line that is no address of $interface; expected \
it persistent nowhere; nothing was changed" \
      "${seen//$'\n'/; }" \
      "take that line out on $NODE, with the one that takes the address away again, then run the same command again"
  [[ -z $seen ]] || say "warning: a line adds the VIP at boot: ${seen//$'\n'/; }"
  seen=$(persistent_list "$wanted" "$interface") || exit
  [[ $seen != "$wanted" || (-n $former && $former != "$wanted") ]] || return 0
  owners_of "$interface"
  ((${#OWNERS[@]} == 1)) ||
    fail misconfigured \
      "$(owners_sentence "$interface" "${OWNERS[@]}"); expected one that gives it its address at boot" \
      "NetworkManager, netplan, systemd-networkd, ifupdown, network-scripts and wicked on $NODE" \
      "make $wanted the address of $interface with one of them and take $interface out of the others, then pulumi up \
again"
  read -r tool where <<<"${OWNERS[0]}"
  if [[ $where == /run/* || $where == /usr/* ]]; then
    next="cp $where /etc/systemd/network/"
    [[ $tool != ifupdown ]] || next="move the stanza of $interface to $NETWORK_INTERFACES"
    fail misconfigured \
      "$interface is configured by $where, which is generated or a package's; expected a file below /etc" \
      "$tool says so" "$next on $NODE, then pulumi up again"
  fi
  if [[ $tool == @(ifcfg|wicked) ]] && grep -qiE "^[[:space:]]*BOOTPROTO=['\"]?dhcp" "$where"; then
    fail misconfigured \
      "$interface gets its address by DHCP ($where); expected a static one: this node serves DHCP itself" \
      "BOOTPROTO in $where" "set BOOTPROTO to static and the address on $NODE, then pulumi up again"
  fi
  install -d -m 0700 "$RECORDS"
  list=$(persistent_addresses "$tool" "$where" "$interface")
  files=$(persistent_files "$tool" "$where" "$interface") || exit
  while read -r file; do
    # NetworkManager's connection is no file of ours.
    [[ -n $file ]] || continue
    copies+=("$file" "$(fresh_name "$RECORDS/$(basename "$file").found")")
    cp -a -- "${copies[-2]}" "${copies[-1]}"
  done <<<"$files"
  seen=$(persist_edit 2>&1) || seen=${seen:-an edit failed}
  [[ $tool != netplan ]] || file=$(netplan generate 2>&1 </dev/null) ||
    seen="netplan generate: $(tr '\n' ' ' <<<"$file" | cut -c1-300)"
  if [[ $seen != "$wanted" ]]; then
    for ((index = 0; index < ${#copies[@]}; index += 2)); do cp -a -- "${copies[index + 1]}" "${copies[index]}"; done
    [[ $tool != NetworkManager ]] ||
      nmcli connection modify uuid "$where" ipv4.addresses "$(paste -sd, <<<"$list")" </dev/null || true
    fail incomplete "$where could not be changed to $wanted; expected $tool to read it so. It is as it was" \
      "$(one_line "$seen" ';')" \
      "make $wanted the persistent address of $interface on $NODE yourself, in the place of ${VIP}, then pulumi up \
again"
  fi
  say "persistent address of $interface is $wanted ($tool, $where)"
}

# persist_edit: of persist, whose variables it has: the edits, then what the tool reads now. What cannot be told half
# way goes back, too.
persist_edit() {
  unset IFUPDOWN_SAID
  while read -r address; do
    # The VIP, the former one, and the same address with another prefix.
    [[ $address != "$wanted" &&
      (${address%/*} == "$VIP" || $address == "$former" || ${address%/*} == "${wanted%/*}") ]] || continue
    if is_persistent "$tool" "$where" "$interface" "$wanted"; then
      persistent_replace "$tool" "$where" "$interface" "$address" '' || return
    else
      persistent_replace "$tool" "$where" "$interface" "$address" "$wanted" || return
    fi
  done <<<"$list"
  is_persistent "$tool" "$where" "$interface" "$wanted" ||
    persistent_replace "$tool" "$where" "$interface" '' "$wanted" || return
  persistent_list "$wanted" "$interface"
}

# SSH uses it: it stays.
staticAddress_remove() { :; }
