# The addresses in a tool's configuration: read and changed.

# persistent_addresses TOOL WHERE INTERFACE: ADDRESS/PREFIX a line.
persistent_addresses() {
  local tool=$1 where=$2 interface=$3 file files merged
  if [[ $tool == NetworkManager ]]; then
    nmcli -g ipv4.addresses connection show uuid "$where" 2>/dev/null </dev/null | tr ',' '\n' | tr -d ' ' | sed '/^$/d'
    return
  fi
  if [[ $tool == ifupdown ]]; then
    merged=$(ifupdown_says "$interface") || exit
    said_of address "$merged"
    return
  fi
  if [[ $tool == netplan ]]; then
    # Of all its files, in three folders.
    merged=$(netplan get 2>&1 </dev/null) ||
      fail unknown "which addresses $interface gets at boot cannot be told on $NODE; expected netplan get to say it" \
        "$(tail -n 1 <<<"$merged")" "netplan get on $NODE; when it answers, run the same command again"
    awk -v tool=netplan -v interface="$interface" -v act=list "$PREFIX_AWK$INTERFACE_AWK" <<<"$merged"
    return
  fi
  files=$(persistent_files "$tool" "$where" "$interface") || exit
  while read -r file; do
    [[ -z $file ]] || awk -v tool="$tool" -v interface="$interface" -v act=list "$PREFIX_AWK$INTERFACE_AWK" "$file" ||
      return
  done <<<"$files"
}

# is_persistent TOOL WHERE INTERFACE ADDRESS/PREFIX
is_persistent() {
  local list
  list=$(persistent_addresses "$1" "$2" "$3") || exit
  [[ $'\n'$list$'\n' == *$'\n'"$4"$'\n'* ]]
}

# persistent_replace TOOL WHERE INTERFACE OLD NEW: NEW stands where OLD stood. Without OLD it is added, without NEW OLD
# is taken out.
persistent_replace() {
  local tool=$1 where=$2 interface=$3 old=$4 new=$5 file files stanzas=''
  if [[ $tool == NetworkManager ]]; then
    local list
    list=$(persistent_addresses "$@" |
      awk -v old="$old" -v new="$new" \
        '$0 == old { if (new != "") print new; next } { print } END { if (old == "") print new }' |
      paste -sd,) || return
    nmcli connection modify uuid "$where" ipv4.addresses "$list" </dev/null
    return
  fi
  if [[ $tool == ifupdown ]]; then
    stanzas=$(ifupdown_says "$interface") || exit
    local IFUPDOWN_SAID=$stanzas
    stanzas=$(ifupdown_names "$interface" "$stanzas") || return
  fi
  files=$(persistent_files "$tool" "$where" "$interface") || exit
  while read -r file; do
    edit_file "$file" 0644 awk -v tool="$tool" -v interface="$interface" -v names="$stanzas" -v act=edit -v old="$old" \
      -v new="$new" "$PREFIX_AWK$INTERFACE_AWK" || return
    [[ -n $old ]] || return 0
  done <<<"$files"
}

# networkmanager_forget ADDRESS INTERFACE: what it was once told to give it gives again, whatever its connection says
# today, until it is told to look: the VIP came back without its label.
networkmanager_forget() {
  local device
  command -v nmcli >/dev/null && device=$(nmcli -g GENERAL.DBUS-PATH device show "$2" 2>/dev/null </dev/null) ||
    return 0
  busctl call org.freedesktop.NetworkManager "$device" org.freedesktop.NetworkManager.Device GetAppliedConnection u 0 \
    2>/dev/null </dev/null |
    grep -qF "\"$1\"" || return 0
  nmcli device reapply "$2" </dev/null >/dev/null 2>&1 || true
}
