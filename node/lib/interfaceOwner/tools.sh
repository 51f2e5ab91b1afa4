# Which tool gives an interface its addresses at boot, and how they are read and changed in that tool's own
# configuration. Found out, not asked: a tool owns an interface when it runs and has it in its configuration; what is
# left over of another one is left alone. Nothing is restarted: at run time the addresses are there already.

NETWORK_INTERFACES=/etc/network/interfaces
NETWORK_SCRIPTS=/etc/sysconfig/network-scripts
WICKED_SCRIPTS=/etc/sysconfig/network
NETPLAN_FILES=/etc/netplan
NETWORKD_LINKS=/run/systemd/netif/links
NETWORKD_FILES=(/etc/systemd/network /run/systemd/network /usr/lib/systemd/network)
NETWORK_CLASS=/sys/class/net

# interface_owners INTERFACE: TOOL and where it has the interface, a line each: a file, or the UUID of NetworkManager's
# connection.
interface_owners() {
  local netplan
  netplan=$(netplan_file "$1") || exit
  if [[ -n $netplan ]]; then
    # It writes NetworkManager's or networkd's configuration: theirs is no second one.
    printf 'netplan %s\n' "$netplan"
  else
    networkmanager_owner "$1"
    networkd_owner "$1"
  fi
  ifupdown_owner "$1"
  wicked_owner "$1"
}

# owners_of INTERFACE: the same, into OWNERS.
owners_of() {
  local owners
  owners=$(interface_owners "$1") || exit
  OWNERS=()
  [[ -z $owners ]] || mapfile -t OWNERS <<<"$owners"
}

tool_runs() {
  local REPLY
  unit_shows ActiveState "$1.service" ||
    fail unknown "whether $1 runs on $NODE cannot be told; expected systemd to know it" \
      "systemctl show $1.service: $REPLY" "systemctl status $1 on $NODE; when it answers, run the same command again"
  [[ $REPLY == active ]]
}

# files_with INTERFACE PATTERN FILE...: those that have a line of that pattern. One that cannot be read is not one
# without it.
files_with() {
  local file files=() found result=0
  for file in "${@:3}"; do [[ ! -f $file ]] || files+=("$file"); done
  ((${#files[@]})) || return 0
  found=$(grep -lE -- "$2" "${files[@]}" 2>&1) || result=$?
  ((result < 2)) ||
    fail unknown "which files give $1 its addresses at boot cannot be told on $NODE; expected to read each" \
      "$(one_line "$found")" "look at that file on $NODE, then run the same command again"
  printf '%s' "${found:+$found$'\n'}"
}

# netplan_files INTERFACE: every file that has it. netplan puts their lists together.
netplan_files() { files_with "$1" "^[[:space:]]+$1:[[:space:]]*(#.*)?$" "$NETPLAN_FILES"/*.yaml; }

# netplan_file INTERFACE: the last one that gives it addresses, else the last one.
netplan_file() {
  local file files giving='' last='' list
  command -v netplan >/dev/null || return 0
  files=$(netplan_files "$1") || exit
  while read -r file; do
    [[ -n $file ]] || continue
    last=$file
    list=$(awk -v tool=netplan -v interface="$1" -v act=list "$PREFIX_AWK$INTERFACE_AWK" "$file") || exit
    [[ -z $list ]] || giving=$file
  done <<<"$files"
  file=${giving:-$last}
  printf '%s' "${file:+$file$'\n'}"
}

# networkmanager_owner: also for a file ifcfg-*, which it reads and writes by itself. "externally" is an interface at
# which it only looks.
networkmanager_owner() {
  local state uuid
  command -v nmcli >/dev/null || {
    network_scripts_owner "$1"
    return 0
  }
  state=$(nmcli -g GENERAL.STATE device show "$1" 2>/dev/null </dev/null) || state=
  if [[ $state == '100 (connected)' ]] && uuid=$(nmcli -g GENERAL.CON-UUID device show "$1" 2>/dev/null </dev/null) &&
    [[ -n $uuid ]]; then
    printf 'NetworkManager %s\n' "$uuid"
  else
    network_scripts_owner "$1"
  fi
}

# network_scripts_owner: RHEL's own, where NetworkManager keeps away.
network_scripts_owner() {
  [[ ! -e $NETWORK_SCRIPTS/ifcfg-$1 ]] || ! tool_runs network || printf 'ifcfg %s\n' "$NETWORK_SCRIPTS/ifcfg-$1"
}

networkd_owner() {
  local index file
  tool_runs systemd-networkd && index=$(cat "$NETWORK_CLASS/$1/ifindex" 2>/dev/null) || return 0
  [[ -e $NETWORKD_LINKS/$index ]] || return 0
  file=$(sed -n 's/^NETWORK_FILE=//p' "$NETWORKD_LINKS/$index") || exit
  [[ -z $file ]] || printf 'networkd %s\n' "$file"
}

wicked_owner() {
  [[ ! -e $WICKED_SCRIPTS/ifcfg-$1 ]] || ! tool_runs wickedd || printf 'wicked %s\n' "$WICKED_SCRIPTS/ifcfg-$1"
}
