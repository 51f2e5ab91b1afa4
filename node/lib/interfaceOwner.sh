# Which tool gives an interface its addresses at boot, and how they are read and changed in that tool's own configuration. Found out, not
# asked: a tool owns an interface when it runs and has it in its configuration; what is left over of another one is left alone.
# Nothing is restarted: at run time the addresses are there already.

NETWORK_INTERFACES=/etc/network/interfaces
NETWORK_SCRIPTS=/etc/sysconfig/network-scripts
WICKED_SCRIPTS=/etc/sysconfig/network
NETPLAN_FILES=/etc/netplan
NETWORKD_LINKS=/run/systemd/netif/links
NETWORKD_FILES=(/etc/systemd/network /run/systemd/network /usr/lib/systemd/network)
NETWORK_CLASS=/sys/class/net
# A mapping is a script of the site.
IFQUERY_SECONDS=10

# interface_owners INTERFACE: TOOL and where it has the interface, a line each: a file, or the UUID of NetworkManager's connection.
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
    fail unknown "whether $1 runs on $NODE cannot be told; expected systemd to know it" "systemctl show $1.service: $REPLY" \
      "systemctl status $1 on $NODE; when it answers, run the same command again"
  [[ $REPLY == active ]]
}

# files_with INTERFACE PATTERN FILE...: those that have a line of that pattern. One that cannot be read is not one without it.
files_with() {
  local file files=() found result=0
  for file in "${@:3}"; do [[ ! -f $file ]] || files+=("$file"); done
  ((${#files[@]})) || return 0
  found=$(grep -lE -- "$2" "${files[@]}" 2>&1) || result=$?
  ((result < 2)) || fail unknown "which files give $1 its addresses at boot cannot be told on $NODE; expected to read each" "$(one_line "$found")" \
    "look at that file on $NODE, then run the same command again"
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
    list=$(awk -v tool=netplan -v interface="$1" -v act=list "$INTERFACE_AWK" "$file") || exit
    [[ -z $list ]] || giving=$file
  done <<<"$files"
  file=${giving:-$last}
  printf '%s' "${file:+$file$'\n'}"
}

# networkmanager_owner: also for a file ifcfg-*, which it reads and writes by itself. "externally" is an interface at which it only looks.
networkmanager_owner() {
  local state uuid
  command -v nmcli >/dev/null || { network_scripts_owner "$1"; return 0; }
  state=$(nmcli -g GENERAL.STATE device show "$1" 2>/dev/null </dev/null) || state=
  if [[ $state == '100 (connected)' ]] && uuid=$(nmcli -g GENERAL.CON-UUID device show "$1" 2>/dev/null </dev/null) && [[ -n $uuid ]]; then
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

# ifquery_says ARGUMENT...: what ifupdown says of its configuration, in the order in which it is said: which stanza an option is of is on standard
# error. An interface that it does not know is an answer; what it could not read, or does not understand, is none.
ifquery_says() {
  local said result=0 line unfit='' unknown=''
  said=$(LC_ALL=C timeout -k 2 "$IFQUERY_SECONDS" stdbuf -oL ifquery "$@" 2>&1 </dev/null) || result=$?
  while IFS= read -r line; do
    case $line in
      'ifquery: unknown interface '* | *': no ifaces found matching given allow lists') unknown=yes ;;
      'ifquery: parsing file '* | 'ifquery: reading directory '* | 'ifquery: '[Qq]'uerying interface '* | 'ifquery: running mapping script '*) ;;
      'ifquery: '*': Is a directory' | 'ifquery: '*' not understood and ignored: '*) ;;
      'ifquery: '* | 'error: '* | 'warning: error '*) unfit=${unfit:-$line} ;;
    esac
  done <<<"$said"
  # The state of what is not up is no word and 1.
  [[ $1$said != --state ]] || unknown=yes
  [[ -z $unfit && ( $result == 0 || ( $result == 1 && -n $unknown ) ) ]] ||
    ifquery_unfit "ifquery $* ended with $result: ${unfit:-$(one_line "${said:-no answer within $IFQUERY_SECONDS s}")}"
  printf '%s\n' "$said"
}

ifquery_unfit() {
  fail unknown "what ifupdown configures at boot cannot be told on $NODE; expected ifquery to say it" "$1" \
    "ifquery --list and ifquery with the interface on $NODE; when they answer, run the same command again"
}

# ifupdown_says INTERFACE: a line each: `file` and a file that ifupdown read; `name` and how stanzas of it are called that come up at boot or when
# it is plugged in; `address` and ADDRESS/PREFIX; `up` and a command. Nothing where it leaves the interface alone. A function that needs it more
# than once has its answer in a local IFUPDOWN_SAID, for all that it calls: each question starts ifquery four times.
ifupdown_says() {
  if [[ -v IFUPDOWN_SAID ]]; then printf '%s\n' "$IFUPDOWN_SAID"; else ask_ifupdown "$1"; fi
}

ask_ifupdown() {
  local version said list hotplug names=() name kind more file word known=' '
  [[ -e $NETWORK_INTERFACES ]] || return 0
  if ! command -v ifquery >/dev/null; then
    command -v ifup >/dev/null || return 0
    ifquery_unfit "$NETWORK_INTERFACES and ifup are there, and no ifquery"
  fi
  version=$(ifquery_says --version) || exit
  case $version in
    *ifupdown2*) said=$(ifquery_says -v -a) || exit ;;
    'ifquery version '*)
      list=$(ifquery_says -v --list --allow auto) || exit
      hotplug=$(ifquery_says --list --allow hotplug) || exit
      said=$list
      while IFS= read -r name; do
        [[ ( $name == "$1" || $name == "$1:"* ) && $known != *" $name "* ]] || continue
        names+=("$name")
        known+="$name "
      done <<<"$list"$'\n'"$hotplug"
      # An alias that is not brought up by itself comes with a line `up ifup ALIAS`.
      [[ $known != *" $1 "* ]] || while IFS= read -r file; do
        [[ $file == 'ifquery: parsing file '* ]] || continue
        while read -r word name more; do
          [[ $word == iface && $name == "$1:"* && $known != *" $name "* ]] || continue
          names+=("$name")
          known+="$name "
        done <"${file#ifquery: parsing file }" || ifquery_unfit "${file#ifquery: parsing file } cannot be read"
      done <<<"ifquery: parsing file $NETWORK_INTERFACES"$'\n'"$list"
      for name in "${names[@]}"; do
        more=$(ifquery_says -v "$name") || exit
        if [[ $'\n'$more$'\n' == *$'\n'"ifquery: unknown interface $name"$'\n'* ]]; then
          # `auto eth0=home`: by which name it came up, its state says.
          kind=$(ifquery_says --state "$name") || exit
          [[ $kind == "$name="* ]] || ifquery_unfit "ifquery --list has $name, and ifquery $name does not know it"
          more=$(ifquery_says -v "$kind") || exit
        fi
        said+=$'\n'$more
      done
      ;;
    *) ifquery_unfit "ifquery --version: $(one_line "$version")" ;;
  esac
  awk -v interface="$1" -v first="$NETWORK_INTERFACES" "$IFQUERY_AWK" <<<"$said"
}

# said_of WHAT SAID: of ifupdown_says' lines those of one kind.
said_of() { sed -n "s/^$1 //p" <<<"$2"; }

# ifupdown_names INTERFACE SAID: how its stanzas are called, between bars.
ifupdown_names() {
  local names
  names=$(said_of name "$2") || return
  one_line "${names:-$1}" '|' | tr -d ' '
}

# ifupdown_stanzas INTERFACE SAID PATTERN: the files that have a stanza of it that goes on like that.
ifupdown_stanzas() {
  local names listed files
  names=$(ifupdown_names "$1" "$2") || return
  listed=$(said_of file "$2") || return
  mapfile -t files <<<"$listed"
  files_with "$1" "^[[:space:]]*iface[[:space:]]+(${names//./\\.})$3" "${files[@]}"
}

ifupdown_owner() {
  local said file
  said=$(ifupdown_says "$1") || exit
  [[ $'\n'$said == *$'\n'"name "* ]] || return 0
  file=$(ifupdown_stanzas "$1" "$said" '([[:space:]]|$)') || exit
  if [[ $'\n'$said != *$'\n'"address "* ]]; then
    # Of the method it says nothing: `manual` leaves it to others.
    file=$(ifupdown_stanzas "$1" "$said" '([[:space:]]+inet)?([[:space:]]+(static|dhcp|inherits)|[[:space:]]*$)') || exit
    [[ -n $file ]] || return 0
  fi
  file=${file%%$'\n'*}
  printf 'ifupdown %s\n' "${file:-$NETWORK_INTERFACES}"
}

# ifupdown_idle INTERFACE: the file that has a stanza for it, where ifupdown does not bring it up.
ifupdown_idle() {
  local said files
  command -v ifquery >/dev/null || return 0
  said=$(ifupdown_says "$1") || exit
  [[ $'\n'$said == *$'\n'"file "* && $'\n'$said != *$'\n'"name "* ]] || return 0
  files=$(ifupdown_stanzas "$1" "$said" '[[:space:]]+inet[[:space:]]+(static|dhcp)') || exit
  printf '%s' "${files%%$'\n'*}"
}

wicked_owner() {
  [[ ! -e $WICKED_SCRIPTS/ifcfg-$1 ]] || ! tool_runs wickedd || printf 'wicked %s\n' "$WICKED_SCRIPTS/ifcfg-$1"
}

# persistent_files TOOL WHERE INTERFACE: every file that can hold an address of the interface, the first one takes a new one.
persistent_files() {
  local file files said
  case $1 in
    NetworkManager) ;;
    ifupdown)
      said=$(ifupdown_says "$3") || exit
      files=$(ifupdown_stanzas "$3" "$said" '([[:space:]]|$)') || exit
      first_and_others "$2" "$files"
      ;;
    ifcfg)
      printf '%s\n' "$2"
      # An alias has a file of its own.
      for file in "$2":*; do [[ ! -e $file ]] || printf '%s\n' "$file"; done
      ;;
    netplan)
      files=$(netplan_files "$3") || exit
      first_and_others "$2" "$files"
      ;;
    *) printf '%s\n' "$2" ;;
  esac
}

# first_and_others FILE FILES
first_and_others() {
  local file
  printf '%s\n' "$1"
  while read -r file; do
    [[ -z $file || $file == "$1" ]] || printf '%s\n' "$file"
  done <<<"$2"
}

# Scripts that run at boot or when an interface comes up, where they may be executed.
BOOT_SCRIPTS=(/etc/rc.local /etc/rc.d/rc.local /sbin/ifup-local /etc/NetworkManager/dispatcher.d/*)

# boot_files INTERFACE FILES: what is there beside the lists of addresses, into SCRIPTS and DROP_INS; FILES are those that ifupdown read.
boot_files() {
  local file directory network
  local -A named=()
  SCRIPTS=() DROP_INS=()
  while IFS= read -r file; do
    [[ ! -f $file || -n ${named[$file]:-} ]] || SCRIPTS+=("$file")
    named[${file:-none}]=yes
  done <<<"$NETWORK_INTERFACES"$'\n'"$(printf '%s\n' "$NETWORK_INTERFACES".d/*)"$'\n'"$2"
  for file in "${NETWORK_INTERFACES%/*}"/if-*.d/* "${BOOT_SCRIPTS[@]}"; do [[ ! -f $file || ! -x $file ]] || SCRIPTS+=("$file"); done
  # Also of a file that netplan writes. Of one name the first one counts.
  network=$(networkd_owner "$1") || exit
  [[ -n $network ]] || return 0
  for directory in "${NETWORKD_FILES[@]}"; do
    for file in "$directory/${network##*/}".d/*.conf; do
      [[ -e $file && -z ${named[${file##*/}]:-} ]] || continue
      named[${file##*/}]=yes
      [[ ! -f $file ]] || DROP_INS+=("$file")
    done
  done
}

# persistent_elsewhere INTERFACE ADDRESS: FILE:LINE: TEXT of each line that adds ADDRESS where no tool has it among the addresses of an interface: an
# up-line, a script, a drop-in. Such a line is never edited: what else it does is not known.
persistent_elsewhere() {
  local address="${2//./\\.}([^0-9.]|$)" SCRIPTS DROP_INS found='' line adds said files up
  adds="^([^#]*[^#[:alnum:]_.-])?(ip([[:space:]]+-[^[:space:]]+([[:space:]]+[^-[:space:]]+)?)*[[:space:]]+a(d|dd|ddr|ddre|ddres|ddress)?[[:space:]]+(a|ad|add|r|replace|c|change)|ifconfig[[:space:]]+[^[:space:]]+)[[:space:]]([^#;|&]*[^0-9.])?$address"
  said=$(ifupdown_says "$1") || exit
  files=$(said_of file "$said") && up=$(said_of up "$said") || exit
  boot_files "$1" "$files"
  ((${#SCRIPTS[@]} == 0)) || found=$(lines_with "$2" "$adds" "${SCRIPTS[@]}") || exit
  # A command over several lines is one only to ifupdown.
  [[ -n $found ]] || while IFS= read -r line; do
    [[ ! $line =~ $adds ]] || found+=${found:+$'\n'}"ifquery $1: up $line"
  done <<<"$up"
  while IFS= read -r line; do
    [[ -z $line || $line =~ ifconfig[^\#\;\|\&]*[[:space:]]down([[:space:]\;\|\&]|$) ]] || printf '%s\n' "$line"
  done <<<"$found"
  ((${#DROP_INS[@]} == 0)) || lines_with "$2" "^[[:space:]]*Address[[:space:]]*=[[:space:]]*$address" "${DROP_INS[@]}"
}

# lines_with ADDRESS PATTERN FILE...
lines_with() {
  local result=0 found
  found=$(grep -HnIE -- "$2" "${@:3}" 2>&1) || result=$?
  ((result < 2)) || fail unknown "whether something else adds $1 at boot cannot be told on $NODE; expected to know it" "$(one_line "$found")" \
    "look at that file on $NODE, then run the same command again"
  printf '%s' "${found:+$found$'\n'}"
}

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
    merged=$(netplan get 2>&1 </dev/null) || fail unknown "which addresses $interface gets at boot cannot be told on $NODE; expected netplan get to say it" "$(tail -n 1 <<<"$merged")" \
      "netplan get on $NODE; when it answers, run the same command again"
    awk -v tool=netplan -v interface="$interface" -v act=list "$INTERFACE_AWK" <<<"$merged"
    return
  fi
  files=$(persistent_files "$tool" "$where" "$interface") || exit
  while read -r file; do
    [[ -z $file ]] || awk -v tool="$tool" -v interface="$interface" -v act=list "$INTERFACE_AWK" "$file" || return
  done <<<"$files"
}

# is_persistent TOOL WHERE INTERFACE ADDRESS/PREFIX
is_persistent() {
  local list
  list=$(persistent_addresses "$1" "$2" "$3") || exit
  [[ $'\n'$list$'\n' == *$'\n'"$4"$'\n'* ]]
}

# persistent_replace TOOL WHERE INTERFACE OLD NEW: NEW stands where OLD stood. Without OLD it is added, without NEW OLD is taken out.
persistent_replace() {
  local tool=$1 where=$2 interface=$3 old=$4 new=$5 file files names=''
  if [[ $tool == NetworkManager ]]; then
    local list
    list=$(persistent_addresses "$@" | awk -v old="$old" -v new="$new" '$0 == old { if (new != "") print new; next } { print } END { if (old == "") print new }' | paste -sd,) || return
    nmcli connection modify uuid "$where" ipv4.addresses "$list" </dev/null
    return
  fi
  if [[ $tool == ifupdown ]]; then
    names=$(ifupdown_says "$interface") || exit
    local IFUPDOWN_SAID=$names
    names=$(ifupdown_names "$interface" "$names") || return
  fi
  files=$(persistent_files "$tool" "$where" "$interface") || exit
  while read -r file; do
    edit_file "$file" 0644 awk -v tool="$tool" -v interface="$interface" -v names="$names" -v act=edit -v old="$old" -v new="$new" "$INTERFACE_AWK" || return
    [[ -n $old ]] || return 0
  done <<<"$files"
}

# networkmanager_forget ADDRESS INTERFACE: what it was once told to give it gives again, whatever its connection says today, until it is
# told to look: the VIP came back without its label.
networkmanager_forget() {
  local device
  command -v nmcli >/dev/null && device=$(nmcli -g GENERAL.DBUS-PATH device show "$2" 2>/dev/null </dev/null) || return 0
  busctl call org.freedesktop.NetworkManager "$device" org.freedesktop.NetworkManager.Device GetAppliedConnection u 0 2>/dev/null </dev/null |
    grep -qF "\"$1\"" || return 0
  nmcli device reapply "$2" </dev/null >/dev/null 2>&1 || true
}

IFS= read -r -d '' PREFIX_AWK <<'AWK' || true
function prefix_of(mask,  part, i, value, bits) {
  if (mask !~ /\./) return mask
  split(mask, part, ".")
  for (i = 1; i <= 4; i++) for (value = part[i]; value > 0; value = int(value / 2)) bits += value % 2
  return bits
}
function with_prefix(address, prefix, mask) {
  if (address ~ /\// || address == "") return address
  return address "/" (prefix != "" ? prefix : prefix_of(mask))
}
AWK

# What ifquery says, ifupdown's (an option a line, its stanza before it) or ifupdown2's (stanzas), as lines of ifupdown_says. An address that
# ifupdown uses has a broadcast, which it adds itself; the one of a stanza `manual` has none.
IFS= read -r -d '' IFQUERY_AWK <<'AWK' || true
function flush() {
  if (address != "" && (broadcast || stanzas)) print "address " (lines ? address " in one stanza" : with_prefix(address, stanzas && mask == "" ? 32 : "", mask))
  address = mask = key = ""; broadcast = lines = 0
}
function option(name, value) {
  key = name
  if (name ~ /^(pre-up|up|post-up)$/) print "up " value
  else if (name == "netmask") mask = value
  else if (name == "broadcast") broadcast = 1
  else if (name == "address" && family) { if (stanzas) flush(); address = value }
}
BEGIN { file(first) }
function file(name) { if (!read[name]++) print "file " name }
sub(/^(ifquery: parsing|info: processing interfaces) file /, "") { file($0); next }
/^ifquery: [Qq]uerying interface / {
  flush(); inside = 1; family = $5 == "(inet)"
  name = $4; sub(/^[^=]*=/, "", name); print "name " name
  next
}
/^ifquery: / { next }
/^iface / { flush(); stanzas = 1; inside = $2 == interface; family = $3 != "inet6"; if (inside) print "name " $2; next }
/^auto |^(info|warning): / { next }
!inside || /^[ \t]*$/ { next }
stanzas { name = $1; sub(/^[ \t]*[^ \t]+[ \t]*/, ""); option(name, $0); next }
/^[^ ]+: / { name = $1; sub(/:$/, "", name); sub(/^[^ ]+: /, ""); option(name, $0); next }
# A second value of the option before it: two addresses in one stanza are none to ip.
key == "address" { address = address " and " $0; lines = 1 }
END { flush() }
AWK
IFQUERY_AWK=$PREFIX_AWK$IFQUERY_AWK

# One reader and editor for the files of all tools. act=list prints ADDRESS/PREFIX a line; act=edit prints the file with `old` replaced by
# `new` (old empty: new is added; new empty: old is taken out). Every other line stays as it is.
IFS= read -r -d '' INTERFACE_AWK <<'AWK' || true
function unquoted(text) { gsub(/["']/, "", text); return text }
function indentation(text) { match(text, /^ */); return RLENGTH }
{ line[NR] = $0 }
END {
  if (tool == "ifupdown") ifupdown()
  else if (tool == "networkd") networkd()
  else if (tool == "netplan") netplan()
  else ifcfg()
}

# Stanzas: the lines from `iface` to the next stanza. A further address is a stanza of its own, of the same name or of an alias; where a template has
# its netmask, the address alone says which one it is.
function ifupdown(  i, k, n, word, s, start, name, address, mask, gone, bare, own, left, cut) {
  n = split(names, own, "|")
  for (k = 1; k <= n; k++) ours[own[k]] = 1
  bare = old; sub(/[/].*/, "/", bare)
  for (i = 1; i <= NR; i++) {
    split(line[i], word)
    if (word[1] ~ /^(iface|auto|allow-.*|mapping|source|source-directory|rename|no-auto-down|no-scripts|template)$/) {
      s = 0
      if (word[1] == "iface" && (word[2] in ours) && word[3] ~ /^(inet|inherits|)$/) { s = ++start; name[s] = word[2] }
    }
    at[i] = s
    if (s && word[1] == "address") address[s] = word[2]
    if (s && word[1] == "netmask") mask[s] = word[2]
  }
  for (s = 1; s <= start; s++) {
    if (address[s] == "") continue
    address[s] = with_prefix(address[s], "", mask[s])
    if (address[s] == bare) address[s] = old
    if (address[s] == old && new == "") gone[name[s]] = 1
  }
  for (i = 1; i <= NR; i++) {
    n = split(line[i], word)
    s = at[i]
    if (s && address[s] == old && old != "") {
      if (new == "") continue
      if (word[1] == "address") { match(line[i], /^[ \t]*/); print substr(line[i], 1, RLENGTH) "address " new; continue }
      if (word[1] == "netmask" || word[1] == "broadcast") continue
    }
    # An alias that is taken out is not brought up either.
    if (word[1] ~ /^(auto|allow-hotplug)$/) {
      left = word[1]; cut = 0
      for (k = 2; k <= n; k++) if ((word[k] in gone) && word[k] ~ /:/) cut = 1; else left = left " " word[k]
      if (cut && left == word[1]) continue
      if (cut) { print left; continue }
    }
    print line[i]
  }
  if (old == "" && new != "") {
    # The name that is no alias.
    for (k in ours) if (k !~ /:/) interface = k
    print "\niface " interface " inet static\n    address " new
  }
}

# Keys with a suffix: IPADDR, IPADDR0, IPADDR_lan, each with its own PREFIX, NETMASK and so on.
function ifcfg(  i, key, value, s, order, n, have, address, word) {
  for (i = 1; i <= NR; i++) {
    if (line[i] !~ /^[ \t]*[A-Z]+[A-Za-z0-9_]*=/) continue
    key = line[i]; sub(/=.*/, "", key); gsub(/[ \t]/, "", key)
    value = line[i]; sub(/^[^=]*=/, "", value); value = unquoted(value); sub(/[ \t]*(#.*)?$/, "", value)
    if (match(key, /^(IPADDR|PREFIXLEN|PREFIX|NETMASK|BROADCAST|LABEL)/)) {
      word = substr(key, 1, RLENGTH); s = substr(key, RLENGTH + 1)
      if (word == "IPADDR") { order[++n] = s; taken[s] = 1 }
      have[word, s] = value; of[i] = s; is[i] = word
    }
  }
  for (i = 1; i <= n; i++) {
    s = order[i]
    address[s] = with_prefix(have["IPADDR", s], have["PREFIX", s] have["PREFIXLEN", s], have["NETMASK", s])
    if (act == "list" && address[s] != "") print address[s]
  }
  if (act == "list") return
  for (i = 1; i <= NR; i++) {
    if ((i in is) && old != "" && address[of[i]] == old) {
      if (is[i] == "IPADDR" && new != "") ifcfg_line(of[i])
      continue
    }
    print line[i]
  }
  if (old == "" && new != "") {
    s = ("" in taken) ? (tool == "wicked" ? "_1" : "1") : ""
    while (s in taken) s = (tool == "wicked" ? "_" : "") (substr(s, tool == "wicked" ? 2 : 1) + 1)
    ifcfg_line(s)
  }
}
function ifcfg_line(s,  part) {
  split(new, part, "/")
  if (tool == "wicked") print "IPADDR" s "='" new "'"
  else print "IPADDR" s "=" part[1] "\nPREFIX" s "=" part[2]
}

# Address= in [Network], or in a section [Address] of its own.
function networkd(  i, section, value, added, first) {
  for (i = 1; i <= NR; i++) {
    if (line[i] ~ /^\[/) { section = line[i]; first = i }
    value = ""
    if (section ~ /^\[(Network|Address)\]/ && line[i] ~ /^Address[ \t]*=/) { value = line[i]; sub(/^[^=]*=[ \t]*/, "", value); sub(/[ \t]+$/, "", value) }
    if (value ~ /^[0-9.]+\/[0-9]+$/ && act == "list") print value
    if (value != "" && value == old) {
      if (new != "") line[i] = "Address=" new
      else { line[i] = "\001"; if (section ~ /^\[Address\]/) section_gone[first] = 1 }
    }
    in_section[i] = first
  }
  if (act == "list") return
  for (i = 1; i <= NR; i++) {
    if (line[i] == "\001" || (in_section[i] in section_gone && line[i] !~ /^#/)) continue
    print line[i]
    if (old == "" && new != "" && line[i] ~ /^\[Network\]/ && !added++) print "Address=" new
  }
}

# The list `addresses` of the interface's own mapping: [a, b] on one line, or an item a line.
function netplan(  i, inside, own, depth, items, value, text, list, n, k, out, last, last_item, item_depth, dropped, keep, done) {
  inside = -1; own = -1; items = 0
  for (i = 1; i <= NR; i++) {
    text = line[i]
    if (text ~ /^[ ]*(#.*)?$/) { out[i] = text; continue }
    depth = indentation(text)
    if (inside >= 0 && depth <= inside) { inside = -1; items = 0 }
    if (text ~ ("^ +" interface ":[ ]*(#.*)?$")) { inside = depth; own = -1; last = i }
    else if (inside >= 0) {
      if (own < 0) own = depth
      if (items && depth >= own && text ~ /^ *- /) {
        value = text; sub(/^ *- +/, "", value); sub(/[ ]+#.*$/, "", value); sub(/:[ ]*$/, "", value); value = unquoted(value)
        if (value ~ /^[0-9.]+\/[0-9]+$/ && act == "list") print value
        keep = 1
        if (value == old && old != "") { if (new == "") keep = 0; else sub(escaped(old), new, text) }
        last_item = i; item_depth = depth
        if (!keep) { dropped[i] = 1; continue }
      } else if (items && depth > own) {
        # Options of the item above: they go with it.
        if (!keep) { dropped[i] = 1; continue }
        last_item = i
      } else {
        items = 0
        if (depth == own && text ~ /^ *addresses:[ ]*\[[^]]*$/) {
          # Over several lines: neither read nor edited, and said so.
          if (act == "list") print "a list over several lines"
          done = 1
        } else if (depth == own && text ~ /^ *addresses:[ ]*\[/) {
          value = text; sub(/^[^[]*\[/, "", value); sub(/\].*$/, "", value)
          n = split(value, list, ","); value = ""
          for (k = 1; k <= n; k++) {
            gsub(/[ ]/, "", list[k])
            if (act == "list" && unquoted(list[k]) ~ /^[0-9.]+\/[0-9]+$/) print unquoted(list[k])
            if (old != "" && unquoted(list[k]) == old) list[k] = new
            if (list[k] != "") value = value (value == "" ? "" : ", ") list[k]
          }
          if (old == "" && new != "") { value = value (value == "" ? "" : ", ") new; done = 1 }
          match(text, /\[[^]]*\]/); text = substr(text, 1, RSTART) value substr(text, RSTART + RLENGTH - 1)
        } else if (depth == own && text ~ /^ *addresses:[ ]*(#.*)?$/) { items = 1; keep = 1; last_item = i; item_depth = depth + 2 }
      }
    }
    out[i] = text
  }
  if (act == "list") return
  for (i = 1; i <= NR; i++) {
    if (i in dropped) continue
    print out[i]
    if (old == "" && new != "" && !done) {
      if (i == last_item) { printf "%" item_depth "s- %s\n", "", new; done = 1 }
      else if (i == last && !last_item) { printf "%" (own > 0 ? own : indentation(out[i]) + 2) "saddresses: [%s]\n", "", new; done = 1 }
    }
  }
}
function escaped(text) { gsub(/[.]/, "[.]", text); return text }
AWK
INTERFACE_AWK=$PREFIX_AWK$INTERFACE_AWK
