# What this program calls on each system, and the packages that bring it; PostgreSQL's programs.

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
  local row=() at lacking=''
  at=$(column_of "$TOOLS_TABLE")
  while read -ra row; do
    [[ $at != 0 && ${row[0]} != tool ]] || continue
    command -v "${row[0]}" >/dev/null || lacking+="${lacking:+, }${row[0]} (package ${row[at]})"
  done <<<"${TOOLS_TABLE%$'\n'}"
  printf '%s\n' "$lacking"
}

# database_versions: of each server of PostgreSQL here, as it says itself.
database_versions() {
  local tool said versions=''
  for tool in postgres /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres \
    /usr/lib/postgresql[0-9]*/bin/postgres; do
    command -v "$tool" >/dev/null || continue
    said=$("$tool" -V 2>&1 </dev/null) || said='() unknown'
    said=${said#*) } said=${said%% *}
    [[ " $versions " == *" $said "* ]] || versions+=${versions:+ }$said
  done
  printf '%s\n' "${versions:-none}"
}

# database_tool NAME [VERSION]: PostgreSQL's own programs, which most systems keep out of PATH. Where there are several,
# VERSION's.
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
