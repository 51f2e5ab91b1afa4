# Where the manual's files are here, and which files a service has on this node alone.

# Where BIND keeps its zones: xCAT takes the first that is there.
ZONE_DIRECTORIES=(/var/named /var/lib/named /var/lib/bind)
DHCPD_OPTIONS=(/etc/default/isc-dhcp-server /etc/sysconfig/dhcpd)

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
    /var/lib/pgsql/data/*.conf)
      printf '%s/%s/main/%s\n' "$POSTGRESQL_CONFIGURATION" "$version" "${1#/var/lib/pgsql/data/}"
      ;;
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
    chrony*)
      if [[ $(system_column) == @(ubuntu|debian) ]]; then
        printf '/etc/chrony/chrony.conf\n'
      else
        printf '/etc/chrony.conf\n'
      fi
      ;;
    ntpsec) printf '/etc/ntpsec/ntp.conf\n' ;;
    *) printf '/etc/ntp.conf\n' ;;
  esac
}

# local_files SERVICE: what a network service serves out of that xCAT writes on this node alone: a path a line, or a
# pattern of names in one directory (docs/xcat-facts.md, Files that stay on the node). Nothing for the others.
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
    goconserver)
      printf '%s\n' /etc/goconserver/server.conf /var/lib/goconserver/nodes.json /var/lib/goconserver/nodes.json.bak
      ;;
  esac
}

# dhcpd_leases: the file in which ISC's dhcpd keeps leases, and what is reserved by OMAPI: the one that its command line
# names, or the system's.
dhcpd_leases() {
  local unit words file option=$'[[:space:]"\'=]-lf[[:space:]]+([^[:space:]"\';]+)'
  unit=$(unit_of dhcpd)
  words=$(systemctl show -p ExecStart --value -- "$unit.service" 2>&1 </dev/null) ||
    fail unknown \
      "in which file dhcpd keeps its leases on $NODE cannot be told; expected systemd to know its command line" \
      "${words//$'\n'/ }" \
      "systemctl show $unit.service on $NODE; when it answers, run the same command again"
  for file in "${DHCPD_OPTIONS[@]}"; do
    [[ ! -e $file ]] || words+=$'\n'$(sed '/^[[:space:]]*#/d' -- "$file") ||
      fail unknown "in which file dhcpd keeps its leases on $NODE cannot be told; expected to read $file" \
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
