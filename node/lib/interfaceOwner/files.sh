# Where a tool keeps addresses, and what adds one beside the tools.

# persistent_files TOOL WHERE INTERFACE: every file that can hold an address of the interface, the first one takes a new
# one.
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

# boot_files INTERFACE FILES: what is there beside the lists of addresses, into SCRIPTS and DROP_INS; FILES are those
# that ifupdown read.
boot_files() {
  local file directory network
  local -A named=()
  SCRIPTS=() DROP_INS=()
  while IFS= read -r file; do
    [[ ! -f $file || -n ${named[$file]:-} ]] || SCRIPTS+=("$file")
    named[${file:-none}]=yes
  done <<<"$NETWORK_INTERFACES"$'\n'"$(printf '%s\n' "$NETWORK_INTERFACES".d/*)"$'\n'"$2"
  for file in "${NETWORK_INTERFACES%/*}"/if-*.d/* "${BOOT_SCRIPTS[@]}"; do
    [[ ! -f $file || ! -x $file ]] || SCRIPTS+=("$file")
  done
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

# persistent_elsewhere INTERFACE ADDRESS: FILE:LINE: TEXT of each line that adds ADDRESS where no tool has it among the
# addresses of an interface: an up-line, a script, a drop-in. Such a line is never edited: what else it does is not
# known.
persistent_elsewhere() {
  local address="${2//./\\.}([^0-9.]|$)" SCRIPTS DROP_INS found='' line adds said files up
  adds="ip([[:space:]]+-[^[:space:]]+([[:space:]]+[^-[:space:]]+)?)*[[:space:]]+a(d|dd|ddr|ddre|ddres|ddress)?"
  adds+="[[:space:]]+(a|ad|add|r|replace|c|change)"
  adds="^([^#]*[^#[:alnum:]_.-])?($adds|ifconfig[[:space:]]+[^[:space:]]+)[[:space:]]([^#;|&]*[^0-9.])?$address"
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
  ((result < 2)) ||
    fail unknown "whether something else adds $1 at boot cannot be told on $NODE; expected to know it" \
      "$(one_line "$found")" "look at that file on $NODE, then run the same command again"
  printf '%s' "${found:+$found$'\n'}"
}
