# The one table of systems: which are supported, and what the manual's services, files and tools are called on each.
# cluster.yaml and every other file say the manual's names; this one knows what they are here (docs/xcat-facts.md, What things are called).

OS_RELEASE=/etc/os-release
POSTGRESQL_CONFIGURATION=/etc/postgresql
KEA_SUPPORT=/opt/xcat/lib/perl/xCAT/DHCP/Backend.pm

# system_name: ID and VERSION_ID of os-release.
system_name() (
  # shellcheck source=/dev/null
  . "$OS_RELEASE" || ID='' VERSION_ID=''
  printf '%s %s\n' "${ID:-}" "${VERSION_ID:-}"
)

# system_column: the column of this system in the table, or nothing: then it is not supported.
system_column() {
  local name
  name=$(system_name)
  name=${name%%.*}
  case ${name/ /:} in
    rhel:[89] | rocky:[89] | almalinux:[89] | centos:[89]) printf 'rhel\n' ;;
    rhel:10 | rocky:10 | almalinux:10 | centos:10) printf 'rhel10\n' ;;
    sles:15) printf 'sles\n' ;;
    debian:12) printf 'debian\n' ;;
    ubuntu:2[2-9] | ubuntu:[3-9][0-9]) printf 'ubuntu\n' ;;
  esac
}

# system_state: "ok", or why this system is refused (floor: bash 4.4, systemd 239).
system_state() {
  local systemd
  systemd=$(systemctl --version)
  read -r _ systemd _ <<<"$systemd"
  systemd=${systemd%%[!0-9]*}
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
    printf 'bash %s; expected 4.4 or newer\n' "$BASH_VERSION"
  elif ((${systemd:-0} < 239)); then
    printf 'systemd %s; expected 239 or newer\n' "${systemd:-0}"
  elif [[ -z $(system_column) ]]; then
    system_name
  else
    printf 'ok\n'
  fi
}

# A service's units beside the manual's own name, which always comes first. postgresql@: the cluster `main` of Debian's layout.
# kea: where xCAT serves DHCP with it, from 2.18 on RHEL 10 and on Ubuntu (docs/xcat-facts.md, What things are called).
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
  [kea-dhcp4]='kea-dhcp6 kea-dhcp-ddns kea-ctrl-agent'
  [kea-dhcp4-server]='kea-dhcp6-server kea-dhcp-ddns-server kea-ctrl-agent'
)

# The programs of a service, by which its processes are known whoever started them.
declare -grA PROGRAMS=(
  [postgresql]=postgres [xcatd]=xcatd [named]=named [dhcpd]='dhcpd kea-dhcp4 kea-dhcp6 kea-dhcp-ddns kea-ctrl-agent'
  [conserver]=conserver [goconserver]=goconserver
)

# companions_of UNIT: into REPLY. Debian's `postgresql` is a wrapper, active whatever its clusters do; at boot it starts them.
companions_of() {
  if [[ $1 == postgresql@* ]]; then REPLY=postgresql; else REPLY=${TOGETHER[$1]:-}; fi
}

# column_of TABLE: the number of this system's column, from 0 on; 0 where it has none.
column_of() {
  local system words=() index at=0
  system=$(system_column) || system=
  read -ra words <<<"$1"
  for index in "${!words[@]}"; do
    [[ ${words[index]} != "$system" ]] || at=$index
  done
  printf '%s\n' "$at"
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

# debian_clusters: units of the clusters `main` that listen where xCAT looks. An upgrade leaves another one beside it, on another port.
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

# resolve_units: the first candidate of every service that is loaded, or runs although it is not (masked, or its package was removed), by the
# unit's own name: systemd enables and disables no alias. Where systemd does not answer for each, no unit is known, and that is an error.
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
    fail unknown "systemd on $NODE does not say which services there are; expected an answer for ${#names[@]} units, seen ${SHOWN[units]}" "${REPLY##*$'\n'}" \
      "systemctl show named.service on $NODE; when it answers, run the same command again"
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
    "install $1 on $NODE, or take it out of services in cluster.yaml"
}

# path_of PATH: what a path of the manual's PostgreSQL is here. Debian keeps the configuration beside the data.
path_of() {
  local version
  if [[ $1 != /var/lib/pgsql* || ${UNIT[postgresql]:-} != postgresql@* ]]; then
    printf '%s\n' "$1"
    return 0
  fi
  version=${UNIT[postgresql]#postgresql@}
  version=${version%-main}
  case $1 in
    /var/lib/pgsql/data/postgresql.auto.conf) printf '/var/lib/postgresql/%s/main/postgresql.auto.conf\n' "$version" ;;
    /var/lib/pgsql/data/*.conf) printf '%s/%s/main/%s\n' "$POSTGRESQL_CONFIGURATION" "$version" "${1#/var/lib/pgsql/data/}" ;;
    /var/lib/pgsql/data*) printf '/var/lib/postgresql/%s/main%s\n' "$version" "${1#/var/lib/pgsql/data}" ;;
    *) printf '/var/lib/postgresql%s\n' "${1#/var/lib/pgsql}" ;;
  esac
}

# manual_path PATH: the other way round.
manual_path() {
  if [[ $1 == /var/lib/postgresql ]]; then printf '/var/lib/pgsql\n'; else printf '%s\n' "$1"; fi
}

# time_configuration UNIT: the file in which the time service finds its servers.
time_configuration() {
  case $1 in
    chrony*) if [[ $(system_column) == @(ubuntu|debian) ]]; then printf '/etc/chrony/chrony.conf\n'; else printf '/etc/chrony.conf\n'; fi ;;
    ntpsec) printf '/etc/ntpsec/ntp.conf\n' ;;
    *) printf '/etc/ntp.conf\n' ;;
  esac
}

# Where BIND keeps its zones: xCAT takes the first that is there.
ZONE_DIRECTORIES=(/var/named /var/lib/named /var/lib/bind)
DHCPD_OPTIONS=(/etc/default/isc-dhcp-server /etc/sysconfig/dhcpd)

# local_files SERVICE: what a network service serves out of that xCAT writes on this node alone: a path a line, or a pattern of names in one
# directory (docs/xcat-facts.md, Files that stay on the node). Nothing for the others.
local_files() {
  local system directory
  system=$(system_column) || system=
  case $1 in
    dhcpd)
      if [[ $(unit_of dhcpd) == kea-* ]]; then
        printf '/etc/kea/%s.conf\n' kea-dhcp4 kea-dhcp6 kea-dhcp-ddns kea-ctrl-agent
      else
        if [[ $system == sles ]]; then printf '/etc/dhcpd.conf\n'; else printf '/etc/dhcp/dhcpd.conf\n'; fi
        dhcpd_leases || exit
      fi
      ;;
    named)
      if [[ $system == @(debian|ubuntu) ]]; then printf '/etc/bind/named.conf\n'; else printf '/etc/named.conf\n'; fi
      for directory in "${ZONE_DIRECTORIES[@]}"; do
        [[ -d $directory ]] || continue
        printf '%s/db.*\n' "$directory"
        break
      done
      ;;
    conserver) printf '/etc/conserver.cf\n' ;;
    goconserver) printf '%s\n' /etc/goconserver/server.conf /var/lib/goconserver/nodes.json /var/lib/goconserver/nodes.json.bak ;;
  esac
}

# dhcpd_leases: the file in which ISC's dhcpd keeps leases, and what is reserved by OMAPI: the one that its command line names, or the system's.
dhcpd_leases() {
  local unit words file option=$'[[:space:]"\'=]-lf[[:space:]]+([^[:space:]"\';]+)'
  unit=$(unit_of dhcpd)
  words=$(systemctl show -p ExecStart --value -- "$unit.service" 2>&1 </dev/null) ||
    fail unknown "in which file dhcpd keeps its leases on $NODE cannot be told; expected systemd to know its command line" "${words//$'\n'/ }" \
      "systemctl show $unit.service on $NODE; when it answers, run the same command again"
  for file in "${DHCPD_OPTIONS[@]}"; do
    [[ ! -e $file ]] || words+=$'\n'$(sed '/^[[:space:]]*#/d' -- "$file") || fail unknown "in which file dhcpd keeps its leases on $NODE cannot be told; expected to read $file" \
      "the line above" "look at it on $NODE, then run the same command again"
  done
  if [[ $words =~ $option ]]; then
    printf '%s\n' "${BASH_REMATCH[1]}"
    return 0
  fi
  case $(system_column) in
    debian | ubuntu) printf '/var/lib/dhcp/dhcpd.leases\n' ;;
    sles) printf '/var/lib/dhcp/db/dhcpd.leases\n' ;;
    *) printf '/var/lib/dhcpd/dhcpd.leases\n' ;;
  esac
}

# A tool that this program calls, and the package that brings it.
IFS= read -r -d '' TOOLS_TABLE <<'TABLE' || true
tool     rhel        rhel10      sles        ubuntu             debian
rsync    rsync       rsync       rsync       rsync              rsync
arping   iputils     iputils     iputils     iputils-arping     iputils-arping
ip       iproute     iproute     iproute2    iproute2           iproute2
ss       iproute     iproute     iproute2    iproute2           iproute2
flock    util-linux  util-linux  util-linux  util-linux         util-linux
findmnt  util-linux  util-linux  util-linux  util-linux         util-linux
psql     postgresql  postgresql  postgresql  postgresql-client  postgresql-client
crontab  cronie      cronie      cronie      cron               cron
perl     perl        perl        perl        perl               perl
TABLE

# missing_tools: what this program calls and this node lacks, each with its package.
missing_tools() {
  local row=() at missing=''
  at=$(column_of "$TOOLS_TABLE")
  while read -ra row; do
    [[ $at != 0 && ${row[0]} != tool ]] || continue
    command -v "${row[0]}" >/dev/null || missing+="${missing:+, }${row[0]} (package ${row[at]})"
  done <<<"${TOOLS_TABLE%$'\n'}"
  printf '%s\n' "$missing"
}

# database_versions: of each server of PostgreSQL here, as it says itself.
database_versions() {
  local tool said versions=''
  for tool in postgres /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres /usr/lib/postgresql[0-9]*/bin/postgres; do
    command -v "$tool" >/dev/null || continue
    said=$("$tool" -V 2>&1 </dev/null) || said='() unknown'
    said=${said#*) } said=${said%% *}
    [[ " $versions " == *" $said "* ]] || versions+=${versions:+ }$said
  done
  printf '%s\n' "${versions:-none}"
}

# database_tool NAME [VERSION]: PostgreSQL's own programs, which most systems keep out of PATH. Where there are several, VERSION's.
database_tool() {
  local tool version=${2:-*} order=()
  # shellcheck disable=SC2206 # a pattern
  order=(/usr/lib/postgresql/$version/bin/"$1" /usr/pgsql-$version/bin/"$1" /usr/lib/postgresql$version/bin/"$1")
  if [[ -n ${2:-} ]]; then order+=("$1"); else order=("$1" "${order[@]}"); fi
  for tool in "${order[@]}"; do
    if command -v "$tool" >/dev/null; then
      printf '%s\n' "$tool"
      return 0
    fi
  done
  return 1
}
