# What the manual's services are called here: their units, and what belongs to them.

# A service's units beside the manual's own name, which always comes first. postgresql@: the cluster `main` of Debian's
# layout. kea: where xCAT serves DHCP with it, from 2.18 on RHEL 10 and on Ubuntu (docs/xcat-facts.md, What things are
# called).
IFS= read -r -d '' UNITS_TABLE <<'TABLE' || true
service      rhel          rhel10     sles              ubuntu                                 debian
postgresql   -             -          -                 postgresql@                            postgresql@
xcatd        -             -          -                 -                                      -
named        -             -          -                 bind9                                  bind9
dhcpd        -             kea-dhcp4  -                 kea-dhcp4-server,isc-dhcp-server       isc-dhcp-server
ntpd         ntp,chronyd   chronyd    ntp,chronyd       ntp,ntpsec,chronyd,chrony              ntp,ntpsec,chronyd,chrony
chronyd      ntpd          -          ntpd,ntp          chrony,ntpd,ntp,ntpsec                 chrony,ntpd,ntp,ntpsec
conserver    -             -          -                 conserver-server                       conserver-server
goconserver  -             -          -                 -                                      -
TABLE

# Units that start, stop and stay disabled with another, and that nobody judges: makedhcp enables Kea's behind our back
# (docs/xcat-facts.md, What makedhcp does).
declare -grA TOGETHER=(
  ["kea-dhcp4"]='kea-dhcp6 kea-dhcp-ddns kea-ctrl-agent'
  ["kea-dhcp4-server"]='kea-dhcp6-server kea-dhcp-ddns-server kea-ctrl-agent'
)

# The programs of a service, by which its processes are known whoever started them.
declare -grA PROGRAMS=(
  [postgresql]=postgres [xcatd]=xcatd [named]=named [dhcpd]='dhcpd kea-dhcp4 kea-dhcp6 kea-dhcp-ddns kea-ctrl-agent'
  [conserver]=conserver [goconserver]=goconserver
)

# companions_of UNIT: into REPLY. Debian's `postgresql` is a wrapper, active whatever its clusters do; at boot it starts
# them.
companions_of() {
  if [[ $1 == postgresql@* ]]; then REPLY=postgresql; else REPLY=${TOGETHER[$1]:-}; fi
}

# candidates: SERVICE UNIT... a line for every service: its units on this system, in the order in which they are tried.
candidates() {
  local row=() at column candidate line clusters
  clusters=$(debian_clusters) || exit
  at=$(column_of "$UNITS_TABLE") || exit
  while read -ra row; do
    [[ ${row[0]} != service ]] || continue
    column=- line=${row[0]}
    ((at == 0)) || column=${row[at]}
    for candidate in ${column//,/ }; do
      case $candidate in
        -) ;;
        postgresql@) line+=${clusters:+ ${clusters//$'\n'/ }} ;;
        kea-dhcp4-server) [[ ! -e $KEA_SUPPORT ]] || line+=" $candidate" ;;
        *) line+=" $candidate" ;;
      esac
    done
    printf '%s %s\n' "${row[0]}" "$line"
  done <<<"${UNITS_TABLE%$'\n'}"
}

# debian_clusters: units of the clusters `main` that listen where xCAT looks. An upgrade leaves another one beside it,
# on another port.
debian_clusters() {
  local file
  for file in "$POSTGRESQL_CONFIGURATION"/*/main/postgresql.conf; do
    [[ -e $file ]] || continue
    if grep -qsE '^[[:space:]]*port[[:space:]]*=?[[:space:]]*5432([^0-9]|$)' "$file"; then
      file=${file%/main/postgresql.conf}
      printf 'postgresql@%s-main\n' "${file##*/}"
    fi
  done
}

# Service -> its unit here, and what belongs to it; filled by resolve_units.
declare -gA UNIT=() COMPANIONS=()

# resolve_units: the first candidate of every service that is loaded, or runs although it is not (masked, or its package
# was removed), by the unit's own name: systemd enables and disables no alias. Where systemd does not answer for each,
# no unit is known, and that is an error.
resolve_units() {
  local service units unit index name load lines names=() REPLY
  local -A id=() state=() type=() tried=()
  UNIT=() COMPANIONS=()
  lines=$(candidates) || exit
  while read -r service units; do
    tried[$service]=$units
    for unit in $units; do
      companions_of "$unit"
      # shellcheck disable=SC2206 # a list of names
      names+=("$unit" $REPLY)
    done
  done <<<"$lines"
  units_show 'Id LoadState ActiveState Type' "${names[@]}" ||
    fail unknown \
      "systemd on $NODE does not say which services there are; expected an answer for ${#names[@]} units, seen \
${SHOWN[units]}" \
      "${REPLY##*$'\n'}" "systemctl show named.service on $NODE; when it answers, run the same command again"
  for index in "${!names[@]}"; do
    unit=${names[index]}
    load=${SHOWN["$index LoadState"]}
    [[ ${SHOWN["$index ActiveState"]} == @(inactive|failed) ]] || load=loaded
    id[$unit]=${SHOWN["$index Id"]} state[$unit]=$load type[$unit]=${SHOWN["$index Type"]:-}
  done
  for service in "${!tried[@]}"; do
    for unit in ${tried[$service]}; do
      [[ ${state[$unit]} == loaded ]] || continue
      # Debian's wrapper, by what it does: a unit of that name that runs a server itself is the manual's.
      [[ $unit != postgresql || ${type[$unit]} != oneshot ]] || continue
      UNIT[$service]=${id[$unit]%.service}
      companions_of "$unit"
      for name in $REPLY; do
        [[ ${state[$name]} != loaded ]] || COMPANIONS[$service]+=" ${id[$name]%.service}"
      done
      break
    done
  done
}

# unit_of SERVICE: its unit here; the manual's own name where none is loaded.
unit_of() { printf '%s\n' "${UNIT[$1]:-$1}"; }

# units_of SERVICE: its unit and what belongs to it, a line each.
units_of() {
  unit_of "$1"
  # shellcheck disable=SC2086 # a list of names
  [[ -z ${COMPANIONS[$1]:-} ]] || printf '%s\n' ${COMPANIONS[$1]}
}

# unit_require SERVICE: one of its units is here.
unit_require() {
  local tried
  unit_exists "$1" && return 0
  tried=$(candidates | sed -n "s/^$1 //p")
  fail misconfigured "no unit of the service $1 is on $NODE ($(system_name)); expected one of: $tried" \
    "systemctl show -p LoadState of each: none is loaded; cluster.yaml lists $1 under services" \
    "install $1 on $NODE" "take $1 out of services in cluster.yaml"
}
