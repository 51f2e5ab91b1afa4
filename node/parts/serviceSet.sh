# serviceSet: the services of one set in their order, each ready before the next (the manual, "Activate Primary MN" and
# "Disable And Stop All Related Services"). Two of them exist: `database` and `network`.
# The values are SERVICE = what it should be; `order` lists them as they start. Stopping is the order reversed.
# `virtualIp` is there on an active node: with another VIP than the last time they all start again, the make* steps included.

readonly START_SECONDS=120
readonly MAKE_SECONDS=1200
readonly STOP_SECONDS=90
# The last of them, for an immediate shutdown. Together they are not more than what systemd gives a unit that says nothing (90 s): behind that it kills.
DATABASE_IMMEDIATE_SECONDS=30

# The manual's names; how to ask each whether it answers. Without the VIP the database and xcatd are not asked: it is the VIP that is missing.
unit_ready() {
  case $1 in
    postgresql | xcatd)
      if ! virtualIp_is_here; then
        [[ $(unit_state "$1") == active ]]
        return
      fi
      ;;&
    postgresql) postgresql_ready ;;
    xcatd) xcatd_ready ;;
    named) named_ready ;;
    dhcpd) dhcpd_ready ;;
    *) [[ $(unit_state "$1") == active ]] ;;
  esac
}

# postgresql_ready: a real login by the line that xcatd uses, which proves the VIP, listen_addresses and pg_hba.conf as well.
postgresql_ready() {
  local key words=''
  local -A CFGLOC=()
  [[ ! -L /etc/xcat ]] || cfgloc_read
  if [[ ${CFGLOC[kind]:-} == Pg ]]; then
    for key in "${!CFGLOC[@]}"; do
      [[ $key == @(kind|login|password) ]] || words+="$key=${CFGLOC[$key]} "
    done
    PGPASSWORD=${CFGLOC[password]} PGCONNECT_TIMEOUT=5 timeout -k 2 10 psql -X -q -A -t -U "${CFGLOC[login]}" -d "$words" -c 'select 1' </dev/null
  else
    pg_isready -q -t 3 </dev/null
  fi
}

# postgresql_recovers: what the server that is there and takes no login yet does: the title of its startup process, which ends with the
# recovery, or that it turns a login away. False where no server starts.
postgresql_recovers() {
  local pids pid words result=0
  pids=$(unit_processes postgresql) || exit
  [[ -n $pids ]] || return 1
  # shellcheck disable=SC2086 # a list of pids
  words_look $pids
  for pid in $pids; do
    words=${WORDS[$pid]:-}
    if [[ $words == postgres:*startup* ]]; then
      words=${words:0:80}
      printf '%s\n' "${words#postgres: }"
      return 0
    fi
  done
  pg_isready -q -t 3 </dev/null >/dev/null 2>&1 || result=$?
  ((result == 1)) || return 1
  printf 'it takes no login yet\n'
}

# recovery_goes_on BEGAN: what it does is said. It has no limit: stopped, it would begin anew. Another order need not wait for its end.
recovery_goes_on() {
  local doing result=0
  doing=$(postgresql_recovers) || result=$?
  ((result < 2)) || exit "$result"
  ((result == 0)) || return
  say "postgresql recovers: $doing, for $((SECONDS - $1)) s"
  [[ ! -e $RUN/supersede ]] || fail superseded "this run ended while postgresql recovers, which goes on" "another order came in" "nothing: the other order goes on"
}

postgresql_misses_the_vip() {
  local listening
  [[ $(unit_state postgresql) == active ]] || return
  virtualIp_is_here || return
  listening=$(ss -Hltn 'sport = :5432' 2>&1) || fail unknown "where postgresql listens on $NODE cannot be told; expected to know whether $VIP is among it" "ss: $listening" \
    "ss -ltn on $NODE; when it answers, run the same command again"
  ! [[ $listening =~ [[:space:]]("$VIP"|0\.0\.0\.0|\*):5432[[:space:]] ]]
}

xcatd_ready() { xcat 20 tabdump site | grep '^"xcatdport"' >/dev/null; }

# named_ready: it answers a question; which answer does not count.
named_ready() {
  if command -v nslookup >/dev/null; then
    if nslookup -timeout=2 -retry=1 localhost 127.0.0.1 </dev/null 2>&1 | grep -E 'no servers could be reached|timed out|connection refused' >/dev/null; then
      return 1
    fi
  else
    timeout 3 bash -c ': </dev/tcp/127.0.0.1/53' 2>/dev/null
  fi
}

dhcpd_ready() { ss -Hlun 'sport = :67' 2>/dev/null | grep . >/dev/null; }

# unit_now SERVICE: what it is, in the words of the values.
unit_now() {
  units_look_whole "$1"
  unit_words "$1"
}

# unit_words SERVICE: the same, by the last look.
unit_words() {
  local running
  case ${UNIT_STATE[$1]} in
    active)
      running=running
      # In a child: what it cannot look at does not end this look.
      [[ ${WANT[$1]} != running* ]] || (unit_ready "$1") >/dev/null 2>&1 || running='active, but it does not answer'
      ;;
    # A unit that failed is not running: on a standby node that is what is wanted (goconserver's stop always ends in failed).
    inactive | failed)
      running=stopped
      [[ ${UNIT_STATE[$1]} == inactive || ${WANT[$1]} == stopped* ]] || running='stopped (failed)'
      ;;
    *) running=${UNIT_STATE[$1]} ;;
  esac
  [[ $running != stopped* || -z ${COMPANIONS[$1]:-} ]] || unit_stopped "$1" || running="stopped, but of${COMPANIONS[$1]} something runs"
  [[ ${UNIT_THERE[$1]} == yes ]] || running='not installed'
  printf '%s, %s\n' "$running" "${UNIT_ENABLED[$1]}"
}

serviceSet_observe() {
  local unit units
  seen_as_told order virtualIp
  read -ra units <<<"${WANT[order]}"
  units_look_whole "${units[@]}"
  for unit in "${units[@]}"; do
    SEEN[$unit]=$(unit_words "$unit")
  done
  [[ " ${WANT[order]} " != *' postgresql '* || -z ${WANT[virtualIp]:-} ]] || ! postgresql_misses_the_vip || SEEN[virtualIp]="$VIP is here, and postgresql does not listen on it"
}

serviceSet_apply() {
  local unit index units now
  # A unit that cluster.yaml lists no more is nobody's to start here: stopped, and left to the admin, who may enable it.
  for unit in ${BEFORE[order]:-}; do
    [[ " ${WANT[order]} " != *" $unit "* && $(unit_state "$unit") != inactive ]] || continue
    service_stop "$unit"
    say "$unit is not managed any more: stopped, disabled at boot"
  done
  read -ra units <<<"${WANT[order]}"
  if [[ -n ${BEFORE[virtualIp]:-} && -n ${WANT[virtualIp]:-} && ${BEFORE[virtualIp]} != "${WANT[virtualIp]}" ]]; then
    for ((index = ${#units[@]} - 1; index >= 0; index--)); do
      [[ $(unit_state "${units[index]}") == inactive ]] || service_stop "${units[index]}"
    done
  fi
  for ((index = ${#units[@]} - 1; index >= 0; index--)); do
    unit=${units[index]}
    [[ ${WANT[$unit]} == stopped* ]] || continue
    ! unit_exists "$unit" || [[ $(unit_now "$unit") == "${WANT[$unit]}" ]] || service_stop "$unit"
  done
  for unit in "${units[@]}"; do
    [[ ${WANT[$unit]} == running* ]] || continue
    # It listens on the addresses that were there when it started (docs/xcat-facts.md, The VIP and its connections).
    [[ $unit != postgresql ]] || ! postgresql_misses_the_vip || service_stop "$unit"
    now=$(unit_now "$unit") || exit
    [[ $now != 'not installed, '* ]] || unit_require "$unit"
    [[ $now == running,* ]] || service_start "$unit"
  done
  # Again after the make* steps: makegocons, makeconservercf and makedhcp with Kea enable their service (docs/xcat-facts.md, Console services).
  units_disable "${units[@]}"
}

# The services come back with units_restore, when nothing of ours is left.
serviceSet_remove() { :; }

service_stop() {
  local unit=$1 began MILLISECONDS
  milliseconds
  began=$MILLISECONDS
  unit_stop "$unit" "$STOP_SECONDS"
  [[ $unit != postgresql ]] || database_prove_stopped
  milliseconds
  say "$unit stopped ($((MILLISECONDS - began)) ms)"
}

# postgresql_stop SECONDS UNIT...: what its unit orders is a fast shutdown, or a smart one, which waits for its clients. One that has not ended
# when the last of SECONDS begin becomes an immediate one. Nobody is killed here: what is left then hangs, and may still write.
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
    [[ -z $server ]] || say "postgresql needed an immediate shutdown: its next start recovers, which loses nothing that was committed"
    return 0
  fi
  holders=$(postgresql_holders) || exit
  pids=$(unit_processes postgresql) || exit
  fail blocked "postgresql did not stop on $NODE: not within $first s, nor within $DATABASE_IMMEDIATE_SECONDS s of an immediate shutdown; expected no process of it" \
    "processes ${pids//$'\n'/ }: $(holders_words "$holders"); $(unit_evidence postgresql)" \
    "${pids:+ps -o pid,stat,wchan:32,args -p ${pids//$'\n'/,}; }systemctl status $* on $NODE: end what they show, then run the same command again. Until then nothing starts on the other node"
}

# postgresql_stops SECONDS UNIT...: true when it has stopped, false when it has not within SECONDS; says every two seconds for whom it waits.
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

# postgresql_holders: pid and title of each backend in its unit, which say the user, the database and the client; where there is none, of every
# process there. Nothing where none is left.
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

# postgresql_server: pid of the server itself: the main process of its unit; where that is none of PostgreSQL's, the one of its unit that is not
# another one's child; where none is in its unit, the one that has the data directory. Nothing where none is left.
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
  unit_shows MainPID "$(unit_of postgresql).service" || fail blocked \
    "which process is the server of postgresql on $NODE cannot be told; expected systemd to know its main process" "$REPLY" \
    "systemctl status $(unit_of postgresql) on $NODE; when it answers, run the same command again. Until then nothing starts on the other node"
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
  ((${#heads[@]} < 2)) || fail blocked "which process is the server of postgresql on $NODE cannot be told; expected one that is nobody's child" \
    "processes ${heads[*]}; the main process of its unit: $main" \
    "ps -o pid,ppid,args -p $(printf '%s\n' "${heads[@]}" | paste -sd,) on $NODE: end those that are not the server's, then run the same command again. Until then nothing starts on the other node"
  ((${#heads[@]} == 0)) || printf '%s\n' "${heads[0]}"
}

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
  fail blocked "processes still use $data on $NODE; expected none after the stop of postgresql" "$(tr '\n' ';' <<<"$1" | cut -c1-400)" \
    "end them on $NODE, then run the same command again. Until then nothing starts on the other node"
}

# database_data [apart]: where the data directory really is. By another name than /proc's nothing would match. `apart`: by what its link says,
# without a look at where that leads.
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
  fail blocked "the data directory of postgresql cannot be looked at on $NODE; expected to know that no process uses it" \
    "$(path_of /var/lib/pgsql/data); $SHARE $(share_state)" "look at the shared data on $NODE, then run the same command again. Until then nothing starts on the other node"
}

# database_processes [apart]: pid and command of each process that has the data directory, and of each server that is not proven to work
# elsewhere. `apart`: by the names in /proc alone. What has it by another mount's name and is no server is known only where the share answers.
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
  fail unknown "what uses the database on $NODE cannot be told; expected each process with its command" "/proc" "ps -ef on $NODE, then run the same command again"
}

# database_servers: pid of each process of PostgreSQL's program that is not proven to work on another file system than the share's, whoever
# started it, also where the share was taken away under it.
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
  if tool=$(database_tool pg_controldata) && answer=$(LC_ALL=C share_do "$tool" "$(path_of /var/lib/pgsql/data)" 2>/dev/null); then
    state=$(sed -n 's/^Database cluster state: *//p' <<<"$answer")
  fi
  printf '%s\n' "${state:-unknown}"
}

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

wait_ready() {
  local unit=$1 began=$SECONDS told=$SECONDS deadline=$((SECONDS + START_SECONDS)) evidence
  until evidence=$(unit_ready "$unit" 2>&1); do
    # Debian's unit is active while its server recovers.
    if [[ $unit == postgresql ]] && ((SECONDS >= told + 2)); then
      told=$SECONDS
      if recovery_goes_on "$began"; then deadline=$((SECONDS + START_SECONDS)); fi
    fi
    if ((SECONDS >= deadline)) || [[ $(unit_state "$unit") != active ]]; then
      fail incomplete "$unit is $(unit_state "$unit") but does not answer" "$(tr '\n' ' ' <<<"$evidence" | cut -c1-300); $(unit_evidence "$unit")" \
        "journalctl -u $unit -n 50 on $NODE; when the cause is gone, run the same pulumi up again"
    fi
    sleep 0.1
  done
}

# make_step COMMAND...: one of xCAT's make* steps; its output is kept as evidence, and what it warns of is said: it ends with 0 all the same.
make_step() {
  local log="$RUN/make.log" result=0 warnings line
  quietly "$log" xcat "$MAKE_SECONDS" "$@" || result=$?
  warnings=$(make_warnings "$log") || warnings="its output cannot be read: $log"
  while IFS= read -r line; do [[ -z $line ]] || say "warning: $* says: $line"; done <<<"$warnings"
  return "$result"
}

# make_warnings FILE: of what a make* step said: warnings and errors, and what it ignores. What it says of many nodes is one line with the first of
# them. Left out: that a network has no dynamic range, which most have not.
make_warnings() {
  awk '
    function take(kind, name) {
      if (!(kind in count)) kinds[++n] = kind
      if (++count[kind] <= 5 && name != "") names[kind] = names[kind] (count[kind] > 1 ? ", " : "") name
    }
    # The text of an error can begin on the next line.
    open { text = $0; open = 0 }
    !open && /^(Warning|Error): / { text = $0; sub(/^[A-Za-z]+: (\[[^]]*\]: ?)?/, "", text); if (text == "") { open = 1; next } }
    /^Ignoring / { text = $0 }
    text == "" || text ~ /^No dynamic range specified/ { text = ""; next }
    {
      if (match(text, /of node [^ ]+ could not be resolved/)) {
        split(text, word, "of node "); split(word[2], word, " ")
        take("could not be resolved", word[1])
      } else if (match(text, /^Ignoring host [^ ]+, /)) {
        take(substr(text, RLENGTH + 1), substr(text, 15, RLENGTH - 16))
      } else take(text, "")
      text = ""
    }
    END {
      for (i = 1; i <= n && i <= 5; i++) {
        kind = kinds[i]
        more = count[kind] > 5 ? " and " count[kind] - 5 " more" : ""
        print substr((kind in names ? names[kind] more ": " : "") kind, 1, 400)
      }
      if (n > 5) print n - 5 " more warnings"
    }' "$1"
}

# start_named: makedns deletes the zones first and leaves named down when the own host name does not resolve, and hangs where it
# resolves to an address that does not answer (docs/xcat-facts.md, What makedns does): looked at before.
start_named() {
  local domain
  domain=$(xcat "$XCAT_SECONDS" lsdef -t site -i domain 2>&1 | sed -n 's/^ *domain=//p')
  [[ -n $domain ]] || fail misconfigured "the site table has no domain; makedns needs it" "lsdef -t site -i domain: empty" \
    "chdef -t site domain=YOUR.DOMAIN on $NODE, then run the same pulumi up again"
  # Once more: plan takes a name that hostsEntry writes for right, and an admin can have taken the line out since.
  HOST_NAMES=''
  [[ $(own_name_state) == ok ]] ||
    fail misconfigured "the own name $(own_name_state); makedns needs an address of this node" "getent hosts: $(getent hosts "$(hostname)" | tr '\n' ' ')" \
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

# kea_interface: xCAT finds Kea's interfaces by networks.mgtifname, which is the VIP's label and no interface: makedhcp -n fails until
# site.dhcpinterfaces names one (docs/xcat-facts.md, The interface of a network). What an admin has set stays.
kea_interface() {
  local interface output
  output=$(xcat "$XCAT_SECONDS" lsdef -t site -i dhcpinterfaces 2>&1) ||
    fail unknown "site.dhcpinterfaces cannot be told; expected to know whether an admin has set it" "$(tr '\n' ' ' <<<"$output" | cut -c1-400)" \
      "lsdef -t site -i dhcpinterfaces on $NODE; when xcatd answers, run the same pulumi up again"
  ! grep -q '^ *dhcpinterfaces=.' <<<"$output" || return 0
  interface=$(virtualIp_entries "$VIP" | awk '{ print $5; exit }')
  output=$(xcat "$XCAT_SECONDS" chdef -t site "dhcpinterfaces=$interface" 2>&1) ||
    fail incomplete "site.dhcpinterfaces could not be set to $interface; makedhcp with Kea needs it" "$(tr '\n' ' ' <<<"$output" | cut -c1-400)" \
      "chdef -t site dhcpinterfaces=$interface on $NODE, then run the same pulumi up again"
  say "site.dhcpinterfaces is $interface, for Kea"
}

# start_console UNIT MAKE: its configuration first, then itself.
start_console() {
  local pretender
  pretender=$(console_lookalikes "$1")
  [[ -z $pretender ]] || fail misconfigured "a process looks like the other console service to $2; expected none before $1 starts" \
    "$(tr '\n' ';' <<<"$pretender" | cut -c1-300)" "end it on $NODE, then run the same pulumi up again"
  make_step "$2" || fail incomplete "$2 failed" "$(last_lines "$RUN/make.log")" \
    "run $2 on $NODE and read what it says, then run the same pulumi up again"
  unit_start "$1" "$START_SECONDS"
}

# services_running: the managed units that run here, in start order; where systemd does not say it, all of them.
services_running() {
  local unit told='' REPLY UNIT_FILES
  if units_ask "${UNITS[@]}"; then told=yes; fi
  for unit in "${UNITS[@]}"; do
    [[ -n $told && ${UNIT_STATE[$unit]} == @(inactive|failed) ]] || printf '%s ' "$unit"
  done
}
