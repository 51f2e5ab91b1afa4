# What a beat does: it shows that the owner lives, or steps down by itself.

beat_step() {
  case $1 in
    note) say "$2; $3" ;;
    beat)
      [[ ! -e $RUN/step-down-blocked ]] || rm -f -- "$RUN/step-down-blocked"
      beat_show
      # It says so itself, and the next beat tries again.
      hosts_keep || true
      facts_keep owner || true
      ;;
    end-run)
      say "stepping down by itself: $3" || true
      # A disk that takes no note keeps nobody from stepping down.
      { install -d -m 0700 "$RECORDS" && TZ=UTC0 printf '%(%Y-%m-%dT%H:%M:%SZ)T %s\n' -1 "$3" >"$RECORDS/demoted"; } ||
        say "warning: $RECORDS/demoted could not be written: xcat-ha role will not say that $NODE stepped down by \
itself" || true
      # No other order starts until this beat ends: it would start what is killed here. Who starts one holds the lock
      # for a moment.
      { exec 8>>"$RUN/start.lock" && flock -w 2 8 &&
        lock_note "$RUN/start.lock" "the step down of $NODE by itself"; } || true
      kill_units "$RUN_UNIT"
      ;;
    kill) kill_services ;;
    drop) beat_drop_vip ;;
    gone) services_gone ;;
    disarm)
      # A killed unit is "failed"; what was killed on purpose is stopped.
      forget_failures
      rm -f -- "$CRON_FILE"
      systemctl stop "$BEAT_UNIT.timer" </dev/null
      say "stepped down: nothing of the owner's runs here any more"
      beat_tell_demotion
      ;;
  esac
}

beat_tell_demotion() {
  rm -f -- "$RUN/step-down-blocked"
  notify demoted "$(demotion)
Nothing of the owner's runs on $NODE any more. Who is active: xcat-ha role on either node. Nothing starts by itself: \
docs/failover.md" || true
}

# beat_tell_blocked WHY: once for a step down: each further beat comes here again.
beat_tell_blocked() {
  [[ ! -e $RUN/step-down-blocked ]] || return 0
  : >"$RUN/step-down-blocked"
  notify step-down-blocked "$NODE steps down by itself, and that is blocked: $1. The next beat tries again; where \
something hangs in the kernel, power $NODE off" ||
    rm -f -- "$RUN/step-down-blocked"
}

# beat_show: a counter on the share that moves while its owner lives. Whoever judges it looks twice: no clock is
# compared.
beat_show() {
  local number
  number=$(($(cat "$RUN/beat" 2>/dev/null || echo 0) + 1))
  printf '%s\n' "$number" >"$RUN/beat"
  share_do bash -c \
    'set -eu; mkdir -p -- "$1"; printf "%s %s\n" "$3" "$4" >"$1/.$2.new"; mv -f -- "$1/.$2.new" "$1/$2"' beat \
    "$SHARE/.xcat-ha/beat" "$NODE" "$number" "$(boot_id)" 2>/dev/null || say "the beat could not be written to $SHARE"
}

# kill_units UNIT...: the order to stop first, so that systemd starts nothing again; then without mercy: another node
# may be writing.
kill_units() {
  systemctl stop --no-block -- "${@/%/.service}" 2>/dev/null </dev/null || true
  systemctl kill --signal=KILL -- "${@/%/.service}" 2>/dev/null </dev/null || true
}

# kill_services: the database before all others, and its servers that no unit has started.
kill_services() {
  local units servers
  mapfile -t units < <(managed_units)
  kill_units "${units[@]}"
  # Where they cannot be told, the look that follows says so.
  servers=$(database_servers 2>/dev/null) || return 0
  # shellcheck disable=SC2086 # a list of pids
  [[ -z $servers ]] || kill -KILL $servers 2>/dev/null || true
}

forget_failures() {
  local units
  mapfile -t units < <(managed_units)
  systemctl reset-failed -- "${units[@]/%/.service}" 2>/dev/null </dev/null || true
}

managed_units() {
  local service
  for service in "${UNITS[@]}"; do units_of "$service"; done
}

beat_drop_vip() {
  load_values active virtualIp
  virtualIp_drop "$VIP"
  virtualIp_keep_static
}

# services_gone: waits until nothing of the services is left; what still is after that is said, and the next beat tries
# again.
services_gone() {
  local limit=$((SECONDS + DEMOTION_SECONDS)) left
  while :; do
    # Not to know it is not "gone".
    left=$(services_left apart) || {
      local result=$?
      beat_tell_blocked "what still runs cannot be told"
      exit "$result"
    }
    [[ -n $left ]] || break
    ((SECONDS < limit)) || {
      beat_tell_blocked "not all is gone $DEMOTION_SECONDS s after it was killed: $(left_words "$left")"
      fail blocked "not all is gone on $NODE, which is not the owner any more: $(left_words "$left")" \
        "killed $DEMOTION_SECONDS s ago" "nothing: the next beat tries again" \
        "where they hang in the kernel: power $NODE off"
    }
    sleep 0.2
  done
}

# left_words LIST: of services_left, each service with its processes.
left_words() {
  local service what evidence words='' names=()
  local -A of=()
  while IFS=$'\t' read -r service what evidence; do
    [[ -n ${of[$service]+named} ]] || names+=("$service")
    of[$service]=${of[$service]:-}
    [[ $what != state ]] || continue
    # One that holds the data is in its unit's group too.
    [[ ",${of[$service]}" == *,"${evidence%% *} "* ]] || of[$service]+=${of[$service]:+,}$evidence
  done <<<"$1"
  for service in "${names[@]}"; do words+=${words:+; }$service${of[$service]:+ (${of[$service]})}; done
  printf '%s\n' "$words"
}
