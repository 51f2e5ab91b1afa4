# staticAddress: the node's own persistent address, which SSH uses from the first setup on (the manual, "Configure VIP").
# The VIP is never persistent.

# Seconds after which an address that bootstrap added is taken back, unless the node was reached over it.
readonly REACHED_SECONDS=120

# has_address ADDRESS/PREFIX INTERFACE: is it there right now?
has_address() {
  local answer
  answer=$(ip -o -4 addr show dev "$2" 2>&1) || {
    [[ $answer != *'does not exist'* ]] || return
    fail unknown "the addresses of $2 on $NODE cannot be told; expected to know whether $1 is among them" "ip -o -4 addr show dev $2: $answer" \
      "ip addr show dev $2 on $NODE; when it answers, run the same command again"
  }
  [[ $answer == *" inet $1 "* ]]
}

# address_drop ADDRESS/PREFIX INTERFACE: this one and no other. Without promote_secondaries, which is off by default, the kernel takes all
# addresses of a subnet away with its first one: then nothing is dropped.
address_drop() {
  local key=net.ipv4.conf.${2//.//}.promote_secondaries said
  said=$(sysctl -w "$key=1" 2>&1 </dev/null) || fail blocked "$key on $NODE cannot be set to 1; expected it before $1 goes, so that the kernel leaves the others of $2" \
    "$said" "sysctl -w $key=1 on $NODE, then run the same command again"
  said=$(ip addr del "$1" dev "$2" 2>&1) || ! has_address "$1" "$2" || fail blocked "$1 is still on $2 of $NODE; expected it gone" \
    "$said" "ip addr del $1 dev $2 on $NODE, then run the same command again"
  networkmanager_forget "${1%/*}" "$2"
}

# persistent_state ADDRESS INTERFACE: ADDRESS, where the tool that owns the interface has it and nothing has the VIP; else what there is instead.
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

# owners_sentence INTERFACE OWNER...: none, or two and more.
owners_sentence() {
  local interface=$1 idle
  shift
  if (($# == 0)); then
    idle=$(ifupdown_idle "$interface") || exit
    printf 'no tool owns %s%s\n' "$interface" "${idle:+: neither auto nor allow-hotplug brings up its stanza in $idle}"
  else
    printf '%s tools own %s: %s\n' "$#" "$interface" "$(printf '%s\n' "$@" | sed 's/ /, /' | paste -sd';' | sed 's/;/; /g')"
  fi
}

staticAddress_observe() {
  seen_as_told interface
  if has_address "${WANT[address]}" "${WANT[interface]}"; then SEEN[address]=${WANT[address]}; else SEEN[address]=absent; fi
  SEEN[persistent]=$(persistent_state "${WANT[address]}" "${WANT[interface]}")
}

# static_address_facts: fills FACT[static]: here, or as address_answer says; and FACT[owners], where there is not one tool, as a sentence.
static_address_facts() {
  local OWNERS
  FACT[static]=here FACT[owners]=
  ! has_address "$STATIC_ADDRESS" "$INTERFACE" || return 0
  FACT[static]=$(address_answer "${STATIC_ADDRESS%/*}" "$INTERFACE")
  owners_of "$INTERFACE"
  ((${#OWNERS[@]} == 1)) || FACT[owners]=$(owners_sentence "$INTERFACE" "${OWNERS[@]}")
}

# arping_do QUESTION ADDRESS INTERFACE SECONDS: who: does somebody answer for it (a probe of RFC 5227, from no address); request, reply: it is here
# (gratuitous). One packet a second. Two programs have this name, each with letters of its own: iputils', and Thomas Habets', where -D is no probe.
arping_do() {
  local options=()
  arping_which
  case $ARPING:$1 in
    *Habets*:who) options=(-0 -C 1) ;;
    *Habets*:request) options=(-U -S "$2") ;;
    *Habets*:reply) options=(-U -P -S "$2") ;;
    *:who) options=(-D) ;;
    *:request) options=(-U) ;;
    *:reply) options=(-A) ;;
  esac
  if [[ $ARPING == *Habets* ]]; then options+=(-i "$3"); else options+=(-I "$3"); fi
  arping "${options[@]}" -c "$4" -w "$4" "$2" </dev/null
}

# arping_which: into ARPING which of the two it is, as it says itself, asked once in a process. Another answer is asked for again.
arping_which() {
  [[ ${ARPING:-} != *@(Habets|iputils)* ]] || return 0
  ARPING=$(arping -V 2>&1 </dev/null) || true
}

# address_answer ADDRESS INTERFACE [SECONDS]: free, the line of the machine that answers for it, or how arping failed.
address_answer() {
  local answer
  answer=$(arping_do who "$1" "$2" "${3:-2}" 2>&1) || true
  case $answer in
    *'Received '[1-9]* | *' packets transmitted, '[1-9]*) grep -iEm 1 '(reply|request|bytes) from' <<<"$answer" | tr -s ' ' ;;
    *'Received 0 '* | *' packets transmitted, 0 packets received'*) printf 'free\n' ;;
    *) printf 'arping on %s failed: %s\n' "$2" "$(tail -n 1 <<<"$answer")" ;;
  esac
}

# staticAddress_add: at run time only, and only when no other machine answers for it.
staticAddress_add() {
  local address=${WANT[address]%/*} answer
  has_address "${WANT[address]}" "${WANT[interface]}" && return 0
  answer=$(address_answer "$address" "${WANT[interface]}")
  [[ $answer != arping\ * ]] || fail unknown "whether another machine has $address cannot be told; expected to know that nobody has before $NODE takes it" \
    "$answer" "look at ${WANT[interface]} on $NODE (ip link), then run the same command again"
  [[ $answer == free ]] || fail refused "another machine answers for $address; expected nobody before $NODE takes it as its static address" \
    "$answer" "choose a free nodes.$NODE.address in cluster.yaml"
  ip addr add "${WANT[address]}" broadcast + dev "${WANT[interface]}" ||
    fail incomplete "ip addr add ${WANT[address]} dev ${WANT[interface]} failed; expected the address" \
      "$(ip -o -4 addr show dev "${WANT[interface]}" 2>&1 | tr '\n' ' ')" "check the interface on $NODE, then pulumi up again"
  say "static address ${WANT[address]} added on ${WANT[interface]}"
}

# staticAddress_try: bootstrap's. Added over the address where the node was found, and taken back by itself when nobody comes over the new one:
# an address that leads the node's answers somewhere else must not stay.
staticAddress_try() {
  ! has_address "${WANT[address]}" "${WANT[interface]}" || return 0
  # Nothing is installed yet: this program as it came, for address_drop.
  install -d -m 0700 "$RUN"
  write_file "$RUN/bootstrap" 0600 <<<"${WANT[program.text]}"
  staticAddress_add
  staticAddress_keep
  systemd-run --quiet --collect --unit=xcat-ha-address-back --on-active="$REACHED_SECONDS" --timer-property=AccuracySec=1s \
    bash "$RUN/bootstrap" address-back "${WANT[address]}" "${WANT[interface]}" </dev/null
}

# staticAddress_keep: somebody came over it, at a first setup and where the address was lost later.
staticAddress_keep() { systemctl stop xcat-ha-address-back.timer 2>/dev/null </dev/null || true; }

staticAddress_apply() {
  staticAddress_add
  persist "${WANT[address]}" "${WANT[interface]}" "${BEFORE[address]:-}"
  if [[ -n ${BEFORE[address]:-} && ${BEFORE[address]} != "${WANT[address]}" ]] && has_address "${BEFORE[address]}" "${BEFORE[interface]}"; then
    address_drop "${BEFORE[address]}" "${BEFORE[interface]}"
    say "former static address ${BEFORE[address]} dropped"
  fi
}

# persist ADDRESS INTERFACE FORMER: into the configuration of the tool that owns the interface, in the place of the VIP or of FORMER. It goes
# back to what it was where the tool does not read it as it was written: nobody sees that before the next boot.
persist() {
  local wanted=$1 interface=$2 former=$3 OWNERS tool where list address file files copies=() index seen
  seen=$(ifupdown_says "$interface") || exit
  local IFUPDOWN_SAID=$seen
  seen=$(persistent_elsewhere "$interface" "$VIP") || exit
  # At a first setup alone: later it is a difference that the preview names, and no failover waits for it.
  [[ -z $seen || -n $former ]] || fail misconfigured "the VIP $VIP would come back at the next boot of $NODE, by a line that is no address of $interface; expected it persistent nowhere; nothing was changed" \
    "${seen//$'\n'/; }" "take that line out on $NODE, with the one that takes the address away again, then run the same command again"
  [[ -z $seen ]] || say "warning: a line adds the VIP at boot: ${seen//$'\n'/; }"
  seen=$(persistent_list "$wanted" "$interface") || exit
  [[ $seen != "$wanted" || ( -n $former && $former != "$wanted" ) ]] || return 0
  owners_of "$interface"
  ((${#OWNERS[@]} == 1)) || fail misconfigured "$(owners_sentence "$interface" "${OWNERS[@]}"); expected one that gives it its address at boot" \
    "NetworkManager, netplan, systemd-networkd, ifupdown, network-scripts and wicked on $NODE" \
    "make $wanted the address of $interface with one of them and take $interface out of the others, then pulumi up again"
  read -r tool where <<<"${OWNERS[0]}"
  [[ $where != /run/* && $where != /usr/* ]] || fail misconfigured "$interface is configured by $where, which is generated or a package's; expected a file below /etc" \
    "$tool says so" "$(if [[ $tool == ifupdown ]]; then echo "move the stanza of $interface to $NETWORK_INTERFACES"; else echo "cp $where /etc/systemd/network/"; fi) on $NODE, then pulumi up again"
  if [[ $tool == @(ifcfg|wicked) ]] && grep -qiE "^[[:space:]]*BOOTPROTO=['\"]?dhcp" "$where"; then
    fail misconfigured "$interface gets its address by DHCP ($where); expected a static one: this node serves DHCP itself" "BOOTPROTO in $where" \
      "set BOOTPROTO to static and the address on $NODE, then pulumi up again"
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
  [[ $tool != netplan ]] || file=$(netplan generate 2>&1 </dev/null) || seen="netplan generate: $(tr '\n' ' ' <<<"$file" | cut -c1-300)"
  if [[ $seen != "$wanted" ]]; then
    for ((index = 0; index < ${#copies[@]}; index += 2)); do cp -a -- "${copies[index + 1]}" "${copies[index]}"; done
    [[ $tool != NetworkManager ]] || nmcli connection modify uuid "$where" ipv4.addresses "$(paste -sd, <<<"$list")" </dev/null || true
    fail incomplete "$where could not be changed to $wanted; expected $tool to read it so. It is as it was" "$(one_line "$seen" ';')" \
      "make $wanted the persistent address of $interface on $NODE yourself, in the place of ${VIP}, then pulumi up again"
  fi
  say "persistent address of $interface is $wanted ($tool, $where)"
}

# persist_edit: of persist, whose variables it has: the edits, then what the tool reads now. What cannot be told half way goes back, too.
persist_edit() {
  unset IFUPDOWN_SAID
  while read -r address; do
    # The VIP, the former one, and the same address with another prefix.
    [[ $address != "$wanted" && ( ${address%/*} == "$VIP" || $address == "$former" || ${address%/*} == "${wanted%/*}" ) ]] || continue
    if is_persistent "$tool" "$where" "$interface" "$wanted"; then
      persistent_replace "$tool" "$where" "$interface" "$address" '' || return
    else
      persistent_replace "$tool" "$where" "$interface" "$address" "$wanted" || return
    fi
  done <<<"$list"
  is_persistent "$tool" "$where" "$interface" "$wanted" || persistent_replace "$tool" "$where" "$interface" '' "$wanted" || return
  persistent_list "$wanted" "$interface"
}

# SSH uses it: it stays.
staticAddress_remove() { :; }
