# Who uses the database on this node.

# database_prove_stopped: no process has the data directory, and no server works on the share.
database_prove_stopped() {
  local processes
  processes=$(database_processes) || exit
  [[ -z $processes ]] || database_in_use "$processes"
}

# database_in_use PROCESSES: an error, always.
database_in_use() {
  local data
  data=$(database_data) || exit
  fail blocked "processes still use $data on $NODE; expected none after the stop of postgresql" \
    "$(tr '\n' ';' <<<"$1" | cut -c1-400)" \
    "end them on $NODE, then run the same command again. Until then nothing starts on the other node"
}

# database_data [apart]: where the data directory really is. By another name than /proc's nothing would match. `apart`:
# by what its link says, without a look at where that leads.
database_data() {
  local data home
  data=$(path_of /var/lib/pgsql/data)
  if [[ ${1:-} == apart ]]; then
    home=$(path_of /var/lib/pgsql) data=${data#"$home"}
    [[ ! -L $home ]] || home=$(readlink -- "$home") || home=
    [[ -z $home ]] || {
      printf '%s\n' "$home$data"
      return 0
    }
  elif share_do readlink -m -- "$data"; then
    return 0
  fi
  fail blocked \
    "the data directory of postgresql cannot be looked at on $NODE; expected to know that no process uses it" \
    "$(path_of /var/lib/pgsql/data); $SHARE $(share_state)" \
    "look at the shared data on $NODE, then run the same command again. Until then nothing starts on the other node"
}

# database_processes [apart]: pid and command of each process that has the data directory, and of each server that is
# not proven to work elsewhere. `apart`: by the names in /proc alone. What has it by another mount's name and is no
# server is known only where the share answers.
database_processes() {
  local data holders servers
  data=$(database_data "${1:-}") || exit
  if [[ ${1:-} == apart ]]; then
    holders=$(processes_named "$data") || exit
    holders=$(sed '/^look /d' <<<"$holders" | commands_of) || database_untold
  else
    holders=$(processes_with "$data") || exit
  fi
  servers=$(database_servers) || exit
  servers=$(commands_of <<<"$servers") || database_untold
  [[ -n $holders$servers ]] || return 0
  printf '%s\n' "$holders" "$servers" | sed '/^$/d' | sort -u
}

database_untold() {
  fail unknown "what uses the database on $NODE cannot be told; expected each process with its command" "/proc" \
    "ps -ef on $NODE, then run the same command again"
}

# database_servers: pid of each process of PostgreSQL's program that is not proven to work on another file system than
# the share's, whoever started it, also where the share was taken away under it.
database_servers() {
  local programs share pid
  programs=$(program_processes postgresql) || exit
  share=$(device_of self "$SHARE") || exit
  # No mount of that name: a link to one, or the share is not mounted any more.
  [[ $share != *' /' ]] || ! share=$(share_do readlink -m -- "$SHARE") || share=$(device_of self "$share") || exit
  [[ $share == *' /'?* ]] || share=
  while read -r _ pid; do
    [[ -z $pid ]] || works_elsewhere "$pid" "$share" || printf '%s\n' "$pid"
  done <<<"$programs"
}

# works_elsewhere PID DEVICE-OF-THE-SHARE
works_elsewhere() {
  local directory device same
  directory=$(readlink -- "/proc/$1/cwd" 2>/dev/null) || {
    # It has ended.
    [[ ! -e /proc/$1/exe ]]
    return
  }
  device=$(device_of "$1" "$directory") || return
  [[ -n $device && ${device%% *} != "${2%% *}" ]] || return
  # Its name says so; is that name true? In a mount that was taken away it would be another directory's.
  same=$(share_do stat -L -c %d:%i -- "/proc/$1/cwd" "/proc/$1/root$directory" 2>/dev/null) || return
  [[ $same == *$'\n'* && ${same%%$'\n'*} == "${same#*$'\n'}" ]]
}

# database_state: the cluster state that pg_controldata reports, for the record of a release.
database_state() {
  local tool answer state=
  if tool=$(database_tool pg_controldata) &&
    answer=$(LC_ALL=C share_do "$tool" "$(path_of /var/lib/pgsql/data)" 2>/dev/null); then
    state=$(sed -n 's/^Database cluster state: *//p' <<<"$answer")
  fi
  printf '%s\n' "${state:-unknown}"
}
