# The one table of systems: which are supported, and what the manual's services, files and tools are called on each.
# cluster.yaml and every other file say the manual's names; this one knows what they are here (docs/xcat-facts.md, What
# things are called).

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
