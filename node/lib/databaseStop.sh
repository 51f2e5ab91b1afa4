# How PostgreSQL stops: fast, then at once, and never killed.

# The last of them, for an immediate shutdown. Together they are not more than what systemd gives a unit that says
# nothing (90 s): behind that it kills.
DATABASE_IMMEDIATE_SECONDS=30

# postgresql_stop SECONDS UNIT...: what its unit orders is a fast shutdown, or a smart one, which waits for its clients.
# One that has not ended when the last of SECONDS begin becomes an immediate one. Nobody is killed here: what is left
# then hangs, and may still write.
postgresql_stop() {
  local first=$(($1 - DATABASE_IMMEDIATE_SECONDS)) server holders pids
  shift
  postgresql_stops "$first" "$@" && return 0
  server=$(postgresql_server) || exit
  holders=$(postgresql_holders) || exit
  say "postgresql did not stop within $first s, because of $(holders_words "$holders")"
  if [[ -n $server ]]; then
    say "immediate shutdown of postgresql: SIGQUIT to its server, process $server"
    # Where it has just ended the next look says it.
    kill -QUIT "$server" 2>/dev/null || true
  fi
  if postgresql_stops "$DATABASE_IMMEDIATE_SECONDS" "$@"; then
    [[ -z $server ]] ||
      say "postgresql needed an immediate shutdown: its next start recovers, which loses nothing that was committed"
    return 0
  fi
  holders=$(postgresql_holders) || exit
  pids=$(unit_processes postgresql) || exit
  fail blocked \
    "postgresql did not stop on $NODE: not within $first s, nor within $DATABASE_IMMEDIATE_SECONDS s of an \
immediate shutdown; expected no process of it" \
    "processes ${pids//$'\n'/ }: $(holders_words "$holders"); $(unit_evidence postgresql)" \
    "${pids:+ps -o pid,stat,wchan:32,args -p ${pids//$'\n'/,}; }systemctl status $* on $NODE: end what they show, \
then run the same command again. Until then nothing starts on the other node"
}

# postgresql_stops SECONDS UNIT...: true when it has stopped, false when it has not within SECONDS; says every two
# seconds for whom it waits.
postgresql_stops() {
  local began=$SECONDS told=$SECONDS deadline=$((SECONDS + $1)) holders result
  shift
  while :; do
    result=0
    # The stop goes on when nobody waits for it.
    timeout 2 systemctl stop -- "${@/%/.service}" </dev/null 2>/dev/null || result=$?
    holders=$(postgresql_holders) || exit
    [[ -n $holders || $(unit_state postgresql) != @(inactive|failed) ]] || return 0
    ((SECONDS < deadline)) || return 1
    if ((SECONDS >= told + 2)); then
      told=$SECONDS
      say "postgresql stops, for $((SECONDS - began)) s: waiting for $(holders_words "$holders")"
    fi
    ((result == 124)) || sleep 0.2
  done
}

# postgresql_holders: pid and title of each backend in its unit, which say the user, the database and the client; where
# there is none, of every process there. Nothing where none is left.
postgresql_holders() {
  local pids pid words backends='' others=''
  pids=$(unit_processes postgresql) || exit
  # shellcheck disable=SC2086 # a list of pids
  words_look $pids
  for pid in $pids; do
    [[ -e /proc/$pid ]] || continue
    words=${WORDS[$pid]:-} words=${words:0:80}
    if [[ $words =~ ^postgres:.*(\[local\]|\([0-9]+\)) ]]; then
      backends+="$pid ${words#postgres: }"$'\n'
    else
      words=${words#postgres: }
      others+="$pid ${words:-which does not say what it does}"$'\n'
    fi
  done
  printf %s "${backends:-$others}"
}

# holders_words LINES: the first of them, and how many more there are.
holders_words() {
  local lines=()
  [[ -z $1 ]] || mapfile -t lines <<<"$1"
  case ${#lines[@]} in
    0) printf 'systemd, which calls it %s without a process\n' "$(unit_state postgresql)" ;;
    [1-5]) one_line "$1" ';' ;;
    *) printf '%s; and %s more\n' "$(holders_words "$(printf '%s\n' "${lines[@]:0:5}")")" "$((${#lines[@]} - 5))" ;;
  esac
}

# postgresql_server: pid of the server itself: the main process of its unit; where that is none of PostgreSQL's, the one
# of its unit that is not another one's child; where none is in its unit, the one that has the data directory. Nothing
# where none is left.
postgresql_server() {
  local programs inside shared data main pid parent heads=() REPLY
  local -A servers=()
  programs=$(program_processes postgresql) || exit
  inside=$(unit_processes postgresql) || exit
  while read -r _ pid; do
    [[ -z $pid || $'\n'$inside$'\n' != *$'\n'$pid$'\n'* ]] || servers[$pid]=yes
  done <<<"$programs"
  if ((${#servers[@]} == 0)); then
    data=$(database_data) || exit
    inside=$(processes_with "$data") || exit
    shared=$(database_servers) || exit
    while read -r pid; do
      [[ -z $pid || $'\n'$inside != *$'\n'$pid' '* ]] || servers[$pid]=yes
    done <<<"$shared"
  fi
  unit_shows MainPID "$(unit_of postgresql).service" ||
    fail blocked \
      "which process is the server of postgresql on $NODE cannot be told; expected systemd to know its main process" \
      "$REPLY" \
      "systemctl status $(unit_of postgresql) on $NODE; when it answers, run the same command again. Until then \
nothing starts on the other node"
  main=$REPLY
  if [[ -n ${servers[$main]:-} ]]; then
    printf '%s\n' "$main"
    return 0
  fi
  for pid in "${!servers[@]}"; do
    # One that has ended has none.
    parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) || continue
    [[ -n ${servers[${parent:-0}]:-} ]] || heads+=("$pid")
  done
  ((${#heads[@]} < 2)) ||
    fail blocked \
      "which process is the server of postgresql on $NODE cannot be told; expected one that is nobody's child" \
      "processes ${heads[*]}; the main process of its unit: $main" \
      "ps -o pid,ppid,args -p $(printf '%s\n' "${heads[@]}" | paste -sd,) on $NODE: end those that are not the \
server's, then run the same command again. Until then nothing starts on the other node"
  ((${#heads[@]} == 0)) || printf '%s\n' "${heads[0]}"
}
