# Whether a service answers.

# The manual's names; how to ask each whether it answers. Without the VIP the database and xcatd are not asked: it is
# the VIP that is missing.
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

# postgresql_ready: a real login by the line that xcatd uses, which proves the VIP, listen_addresses and pg_hba.conf as
# well.
postgresql_ready() {
  local key words=''
  local -A CFGLOC=()
  [[ ! -L /etc/xcat ]] || cfgloc_read
  if [[ ${CFGLOC[kind]:-} == Pg ]]; then
    for key in "${!CFGLOC[@]}"; do
      [[ $key == @(kind|login|password) ]] || words+="$key=${CFGLOC[$key]} "
    done
    PGPASSWORD=${CFGLOC[password]} PGCONNECT_TIMEOUT=5 timeout -k 2 10 psql -X -q -A -t \
      -U "${CFGLOC[login]}" -d "$words" -c 'select 1' </dev/null
  else
    pg_isready -q -t 3 </dev/null
  fi
}

# postgresql_recovers: what the server that is there and takes no login yet does: the title of its startup process,
# which ends with the recovery, or that it turns a login away. False where no server starts.
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

# recovery_goes_on BEGAN: what it does is said. It has no limit: stopped, it would begin anew. Another order need not
# wait for its end.
recovery_goes_on() {
  local doing result=0
  doing=$(postgresql_recovers) || result=$?
  ((result < 2)) || exit "$result"
  ((result == 0)) || return
  say "postgresql recovers: $doing, for $((SECONDS - $1)) s"
  [[ ! -e $RUN/supersede ]] ||
    fail superseded "this run ended while postgresql recovers, which goes on" "another order came in" \
      "nothing: the other order goes on"
}

postgresql_misses_the_vip() {
  local listening
  [[ $(unit_state postgresql) == active ]] || return
  virtualIp_is_here || return
  listening=$(ss -Hltn 'sport = :5432' 2>&1) ||
    fail unknown "where postgresql listens on $NODE cannot be told; expected to know whether $VIP is among it" \
      "ss: $listening" "ss -ltn on $NODE; when it answers, run the same command again"
  ! [[ $listening =~ [[:space:]]("$VIP"|0\.0\.0\.0|\*):5432[[:space:]] ]]
}

xcatd_ready() { xcat 20 tabdump site | grep '^"xcatdport"' >/dev/null; }

# named_ready: it answers a question; which answer does not count.
named_ready() {
  if command -v nslookup >/dev/null; then
    if nslookup -timeout=2 -retry=1 localhost 127.0.0.1 </dev/null 2>&1 |
      grep -E 'no servers could be reached|timed out|connection refused' >/dev/null; then
      return 1
    fi
  else
    timeout 3 bash -c ': </dev/tcp/127.0.0.1/53' 2>/dev/null
  fi
}

dhcpd_ready() { ss -Hlun 'sport = :67' 2>/dev/null | grep . >/dev/null; }

wait_ready() {
  local unit=$1 began=$SECONDS told=$SECONDS deadline=$((SECONDS + START_SECONDS)) evidence
  until evidence=$(unit_ready "$unit" 2>&1); do
    # Debian's unit is active while its server recovers.
    if [[ $unit == postgresql ]] && ((SECONDS >= told + 2)); then
      told=$SECONDS
      if recovery_goes_on "$began"; then deadline=$((SECONDS + START_SECONDS)); fi
    fi
    if ((SECONDS >= deadline)) || [[ $(unit_state "$unit") != active ]]; then
      fail incomplete "$unit is $(unit_state "$unit") but does not answer" \
        "$(tr '\n' ' ' <<<"$evidence" | cut -c1-300); $(unit_evidence "$unit")" \
        "journalctl -u $unit -n 50 on $NODE; when the cause is gone, run the same pulumi up again"
    fi
    sleep 0.1
  done
}
