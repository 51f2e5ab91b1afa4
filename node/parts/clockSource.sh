# clockSource: the time service, whichever of ntpd and chrony the node has, runs on both nodes, on the standby too; with
# the servers of cluster.yaml, where it lists any. A clock that is far off is stepped once in a boot; where that did not
# help nothing is activated.

# clock_servers: those of cluster.yaml, into ORDERED.
clock_servers() {
  local key names=()
  for key in "${!WANT[@]}"; do [[ $key != server.* ]] || names+=("${key#server.}"); done
  in_order "${names[@]}"
}

# clock_server_is_listed FILE SERVER: with whatever options an admin gave it.
clock_server_is_listed() {
  local answer
  [[ -e $1 ]] || return
  answer=$(awk -v server="$2" '
    ($1 == "server" || $1 == "pool" || $1 == "peer") && tolower($2) == tolower(server) { found = 1 }
    END { print found ? "yes" : "no" }' "$1" 2>&1) ||
    fail unknown "$1 cannot be read on $NODE; expected to know its time servers" "$answer" \
      "look at $1 on $NODE, then run the same command again"
  [[ $answer == yes ]]
}

clockSource_observe() {
  local server file state ORDERED
  seen_as_told service
  if [[ -n ${WANT[service]:-} ]]; then
    file=$(time_configuration "$(unit_of "${WANT[service]}")")
    SEEN[state]=$(clock_service_now "${WANT[service]}")
    clock_servers
    for server in "${ORDERED[@]}"; do
      if clock_server_is_listed "$file" "$server"; then
        SEEN[server.$server]=listed
      else
        SEEN[server.$server]="not listed in $file"
      fi
    done
  fi
  # The offset itself moves: it is no part of what is observed.
  state=$(clock_state)
  case $state in
    ok | unknown) SEEN[clock]="within the limit, or not known" ;;
    off) SEEN[clock]="off by more than $CLOCK_LIMIT s" ;;
  esac
}

clock_service_now() {
  local state
  units_look_whole "$1"
  state=${UNIT_STATE[$1]}
  case $state in
    active) state=running ;;
    inactive) state=stopped ;;
  esac
  [[ ${UNIT_THERE[$1]} == yes ]] || state='not installed'
  printf '%s, %s\n' "$state" "${UNIT_ENABLED[$1]}"
}

clockSource_apply() {
  local service=${WANT[service]:-} file server before absent=() ORDERED
  if [[ -n $service ]]; then
    unit_require "$service"
    file=$(time_configuration "$(unit_of "$service")")
    before=$(digest "$file")
    for server in "${!BEFORE[@]}"; do
      [[ $server != server.* || -n ${WANT[$server]:-} ]] || clock_forget "$file" "${server#server.}"
    done
    clock_servers
    for server in "${ORDERED[@]}"; do
      clock_server_is_listed "$file" "$server" || absent+=("$server")
    done
    ((${#absent[@]} == 0)) || clock_add_servers "$file" "${absent[@]}"
    [[ $before == "$(digest "$file")" || $(unit_state "$service") != active ]] || unit_stop "$service" "$STOP_SECONDS"
    [[ $(unit_state "$service") == active ]] || {
      unit_start "$service" "$START_SECONDS"
      say "$(unit_of "$service") started"
    }
    [[ $(unit_enabled "$service") == enabled ]] ||
      systemctl enable --quiet -- "$(unit_of "$service").service" </dev/null
  fi
  clockSource_prepare
}

# clock_add_servers FILE SERVER...: behind the last server that is there; all other lines stay.
clock_add_servers() {
  local file=$1
  shift
  install -d -m 0700 "$RECORDS"
  if [[ -e $file ]]; then
    [[ -e $RECORDS/clock.found ]] || cp -a -- "$file" "$RECORDS/clock.found"
  else
    mkdir -p -- "$(dirname "$file")"
    : >"$file"
  fi
  edit_file "$file" 0644 awk -v servers="$*" '
    { line[NR] = $0 }
    $1 == "server" || $1 == "pool" || $1 == "peer" { last = NR }
    function ours(  i, n, server) {
      n = split(servers, server, " ")
      for (i = 1; i <= n; i++) print "server " server[i] " iburst"
    }
    END {
      for (i = 1; i <= NR; i++) { print line[i]; if (i == last) ours() }
      if (!last) ours()
    }'
  say "$file: added $*"
}

# clockSource_prepare: a clock that is far off is stepped, once in a boot: where it is far off again, source and clock
# must be looked at.
clockSource_prepare() {
  local limit
  [[ $(clock_state) == off ]] || return 0
  if [[ ! -e $RUN/clock-stepped ]]; then
    install -d -m 0700 "$RUN"
    : >"$RUN/clock-stepped"
    clock_step
    limit=$((SECONDS + CLOCK_KNOWN_SECONDS))
    until [[ $(clock_state) != unknown ]] || ((SECONDS >= limit)); do sleep 0.5; done
    [[ $(clock_state) == off ]] || {
      say "the clock was off by more than $CLOCK_LIMIT s and was stepped"
      return 0
    }
  fi
  fail misconfigured \
    "the clock of $NODE is off by more than $CLOCK_LIMIT s although it was stepped; expected it to follow its source" \
    "off by $(clock_offset) s, as $(clock_unit) says" \
    "look at the time servers of $NODE, set its clock, then run the same command again"
}

# clock_step: by the time service that runs. ntpd lets itself be told only before it starts.
clock_step() {
  local unit
  unit=$(clock_unit)
  case $unit in
    chrony*) timeout 10 chronyc makestep </dev/null >/dev/null || true ;;
    *)
      systemctl stop -- "$unit.service" </dev/null
      timeout 60 ntpd -gq -c "$(time_configuration "$unit")" </dev/null >/dev/null 2>&1 || true
      systemctl start -- "$unit.service" </dev/null
      ;;
  esac
}

# clock_forget FILE SERVER: our line goes, unless it was there before our first change.
clock_forget() {
  local found=$RECORDS/clock.found
  [[ -e $1 ]] || return 0
  [[ -e $found ]] && clock_server_is_listed "$found" "$2" && return 0
  edit_file "$1" 0644 awk -v server="$2" '!($1 == "server" && $2 == server && $3 == "iburst" && NF == 3)'
}

# clockSource_remove: the time service keeps running: it writes nothing shared.
clockSource_remove() {
  local file server ORDERED
  [[ -n ${WANT[service]:-} ]] || return 0
  file=$(time_configuration "$(unit_of "${WANT[service]}")")
  clock_servers
  for server in "${ORDERED[@]}"; do
    clock_forget "$file" "$server"
  done
}
