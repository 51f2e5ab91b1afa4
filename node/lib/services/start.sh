# How each service starts: with xCAT's make* step where it has one.

service_start() {
  local unit=$1 began MILLISECONDS
  milliseconds
  began=$MILLISECONDS
  lease_require "$unit"
  # A step down by itself is over.
  rm -f -- "$RECORDS/demoted"
  case $unit in
    named) start_named ;;
    dhcpd) start_dhcpd ;;
    conserver) start_console conserver makeconservercf ;;
    goconserver) start_console goconserver makegocons ;;
    *) unit_start "$unit" "$START_SECONDS" ;;
  esac
  wait_ready "$unit"
  milliseconds
  say "$unit started ($((MILLISECONDS - began)) ms)"
}

# make_step COMMAND...: one of xCAT's make* steps; its output is kept as evidence, and what it warns of is said: it ends
# with 0 all the same.
make_step() {
  local log="$RUN/make.log" result=0 warnings line
  quietly "$log" xcat "$MAKE_SECONDS" "$@" || result=$?
  warnings=$(make_warnings "$log") || warnings="its output cannot be read: $log"
  while IFS= read -r line; do [[ -z $line ]] || say "warning: $* says: $line"; done <<<"$warnings"
  return "$result"
}

# make_warnings FILE: of what a make* step said: warnings and errors, and what it ignores. What it says of many nodes is
# one line with the first of them. Left out: that a network has no dynamic range, which most have not.
make_warnings() {
  awk "$MAKE_WARNINGS_AWK" "$1"
}

# start_named: makedns deletes the zones first and leaves named down when the own host name does not resolve, and hangs
# where it resolves to an address that does not answer (docs/xcat-facts.md, What makedns does): looked at before.
start_named() {
  local domain
  domain=$(xcat "$XCAT_SECONDS" lsdef -t site -i domain 2>&1 | sed -n 's/^ *domain=//p')
  [[ -n $domain ]] ||
    fail misconfigured "the site table has no domain; makedns needs it" "lsdef -t site -i domain: empty" \
      "chdef -t site domain=YOUR.DOMAIN on $NODE, then run the same pulumi up again"
  # Once more: plan takes a name that hostsEntry writes for right, and an admin can have taken the line out since.
  HOST_NAMES=''
  [[ $(own_name_state) == ok ]] ||
    fail misconfigured "the own name $(own_name_state); makedns needs an address of this node" \
      "getent hosts: $(getent hosts "$(hostname)" | tr '\n' ' ')" \
      "put an address of $NODE beside its name in /etc/hosts, then run the same pulumi up again"
  make_step makedns -n || true
  if ! grep -q '^DNS setup is completed' "$RUN/make.log"; then
    fail incomplete "makedns -n did not finish; expected 'DNS setup is completed'" "$(last_lines "$RUN/make.log")" \
      "run makedns -n on $NODE and read what it says, then run the same pulumi up again"
  fi
  unit_start named "$START_SECONDS"
}

# start_dhcpd: makedhcp -n restarts dhcpd and does not look whether it runs (docs/xcat-facts.md, What makedhcp does).
start_dhcpd() {
  [[ $(unit_of dhcpd) != kea-* ]] || kea_interface
  reservations_forget
  make_step makedhcp -n || fail incomplete "makedhcp -n failed" "$(last_lines "$RUN/make.log")" \
    "run makedhcp -n on $NODE and read what it says, then run the same pulumi up again"
  unit_start dhcpd "$START_SECONDS"
  make_step makedhcp -a || fail incomplete "makedhcp -a failed" "$(last_lines "$RUN/make.log")" \
    "run makedhcp -a on $NODE and read what it says, then run the same pulumi up again"
}

# kea_interface: xCAT finds Kea's interfaces by networks.mgtifname, which is the VIP's label and no interface: makedhcp
# -n fails until site.dhcpinterfaces names one (docs/xcat-facts.md, The interface of a network). What an admin has set
# stays.
kea_interface() {
  local interface output
  output=$(xcat "$XCAT_SECONDS" lsdef -t site -i dhcpinterfaces 2>&1) ||
    fail unknown "site.dhcpinterfaces cannot be told; expected to know whether an admin has set it" \
      "$(tr '\n' ' ' <<<"$output" | cut -c1-400)" \
      "lsdef -t site -i dhcpinterfaces on $NODE; when xcatd answers, run the same pulumi up again"
  ! grep -q '^ *dhcpinterfaces=.' <<<"$output" || return 0
  interface=$(virtualIp_entries "$VIP" | awk '{ print $5; exit }')
  output=$(xcat "$XCAT_SECONDS" chdef -t site "dhcpinterfaces=$interface" 2>&1) ||
    fail incomplete "site.dhcpinterfaces could not be set to $interface; makedhcp with Kea needs it" \
      "$(tr '\n' ' ' <<<"$output" | cut -c1-400)" \
      "chdef -t site dhcpinterfaces=$interface on $NODE, then run the same pulumi up again"
  say "site.dhcpinterfaces is $interface, for Kea"
}

# start_console UNIT MAKE: its configuration first, then itself.
start_console() {
  local pretender
  pretender=$(console_lookalikes "$1")
  [[ -z $pretender ]] ||
    fail misconfigured "a process looks like the other console service to $2; expected none before $1 starts" \
      "$(tr '\n' ';' <<<"$pretender" | cut -c1-300)" "end it on $NODE, then run the same pulumi up again"
  make_step "$2" || fail incomplete "$2 failed" "$(last_lines "$RUN/make.log")" \
    "run $2 on $NODE and read what it says, then run the same pulumi up again"
  unit_start "$1" "$START_SECONDS"
}
