# beat: every ten seconds the active node looks at the owner lease, shows that it lives, and steps down by itself where a newer epoch names
# another owner or the shared data is gone. A transient timer: nothing of it is there after a reboot (docs/design.md, The beat is a transient timer).
# And the standby node's watch of it (node/lib/watch.sh), which a boot brings back.

readonly BEAT_UNIT=xcat-ha-beat
readonly BEAT_SECONDS=10
readonly DEMOTION_SECONDS=30
# Between two looks at the share lie the rest of a beat, a demotion that waits, and the timer. Where it is more nobody looked.
readonly BEAT_GAP_SECONDS=60
# Processes of its own: some twenty looks that never ended.
readonly BEAT_HANGING=50

beat_observe() {
  local REPLY
  seen_as_told onShareLoss shareLossSeconds
  if units_show 'ActiveState UnitFileState' "$BEAT_UNIT.timer" "$WATCH_UNIT.timer" "$WATCH_UNIT"; then
    case ${SHOWN[0 ActiveState]} in
      active) SEEN[timer]=running ;;
      inactive | failed) SEEN[timer]=absent ;;
    esac
    case ${SHOWN[1 ActiveState]} in
      active | inactive | failed) SEEN[watch]=$(watch_state "${SHOWN[1 ActiveState]}" "${SHOWN[1 UnitFileState]:-}" "${SHOWN[2 ActiveState]}") ;;
    esac
  fi
  [[ -n ${SEEN[timer]:-} && -n ${SEEN[watch]:-} ]] ||
    fail unknown "whether the beat runs on $NODE, and the watch of it, cannot be told; expected systemd to know $BEAT_UNIT.timer and $WATCH_UNIT" \
      "$(one_line "$REPLY")" "systemctl show $BEAT_UNIT.timer $WATCH_UNIT.timer $WATCH_UNIT.service on $NODE; when it answers, run the same command again"
}

# beat_apply: the watch last: no change of role waits for it.
beat_apply() {
  beat_observe
  local watch=${SEEN[watch]}
  if [[ ${SEEN[timer]} == "${WANT[timer]}" ]]; then
    :
  elif [[ ${WANT[timer]} == running ]]; then
    beat_start
  else
    lease_read fresh
    [[ ${LEASE[is]} != @(mine|mine-releasing) ]] || fail refused "$NODE holds the owner lease; expected it released before the beat ends" "$(lease_sentence)" \
      "pulumi up on the stack of $NODE: it steps $NODE down first"
    beat_stop
  fi
  if [[ $watch == "${WANT[watch]}" ]]; then :; elif [[ ${WANT[watch]} == running ]]; then watch_start; else watch_stop; fi
}

beat_start() {
  beat_stop
  lease_require "the beat"
  # A loss that a former beat has counted is over: the lease was just read.
  rm -f -- "$RUN/share-lost" "$RUN/step-down-blocked"
  # KillMode: a look that hangs in the kernel stays behind, and systemd waits for its end before it starts the next beat.
  systemd-run --quiet --unit="$BEAT_UNIT" --on-active=1s --on-unit-active="${BEAT_SECONDS}s" --timer-property=AccuracySec=1s --property=KillMode=process \
    "$PROGRAM" beat </dev/null ||
    fail incomplete "the beat could not be started by systemd-run" "$(systemctl status --no-pager "$BEAT_UNIT.timer" 2>&1 | tail -n 3 | tr '\n' ' ')" \
      "run the same pulumi up again"
}

# beat_stop: the service too, and what is left of a failed one: systemd-run makes no unit of a name that is there.
beat_stop() {
  systemctl stop "$BEAT_UNIT.timer" "$BEAT_UNIT.service" 2>/dev/null </dev/null || true
  systemctl reset-failed "$BEAT_UNIT.service" 2>/dev/null </dev/null || true
  beat_observe
  [[ ${SEEN[timer]} == absent ]] || fail blocked "the beat still runs on $NODE; expected it stopped: it stops what runs without the owner lease" \
    "$(systemctl status --no-pager "$BEAT_UNIT.timer" 2>&1 | tail -n 3 | tr '\n' ' ')" "systemctl stop $BEAT_UNIT.timer on $NODE, then run the same command again"
}

beat_remove() {
  beat_stop
  watch_stop
  # Behind the watch, which would write it again.
  facts_forget
  beat_observe
  [[ ${SEEN[watch]} == absent ]] || fail incomplete "the watch is still there on $NODE; expected it gone" "$WATCH_UNIT: ${SEEN[watch]}" \
    "systemctl disable --now $WATCH_UNIT.timer on $NODE, then run the same command again"
}

# verb_beat: what the timer runs. It waits for no lock: a run that goes on while another node is the owner is ended.
verb_beat() {
  local steps verb argument reason
  beat_facts
  steps=$(plan)
  while IFS=$'\t' read -r verb argument reason <&3; do
    [[ -z $verb ]] || beat_step "$verb" "$argument" "$reason"
  done 3<<<"$steps"
  # What was blocked has ended between two beats.
  [[ -n $steps || ! -e $RUN/step-down-blocked ]] || beat_tell_demotion
}

beat_facts() {
  local read began vip
  load_values active beat
  # What cannot be told ends no beat: one that ended would neither show life nor step down.
  began=$(uptime_seconds) || began=
  declare -gA FACT=([role]=beat [node]=$NODE [lease]=unknown [sentence]='' [on_share_loss]=${WANT[onShareLoss]} [share_loss_limit]=${WANT[shareLossSeconds]} [share_lost]=0 [frozen]='' [running]='' [vip]=absent [links]=unknown)
  # In a child: what cannot be read ends it, and not the beat.
  if may_look "$BEAT_UNIT" "$BEAT_SECONDS" && read=$(lease_read fresh 2>/dev/null && printf '%s\n' "${LEASE[is]}" "${LEASE[epoch]}" && lease_sentence); then
    FACT[lease]=${read%%$'\n'*} read=${read#*$'\n'}
    LEASE[epoch]=${read%%$'\n'*} FACT[sentence]=${read#*$'\n'}
  fi
  case ${FACT[lease]} in
    none | unknown)
      FACT[share_lost]=$(share_lost_seconds "$began") || FACT[share_lost]=unknown
      FACT[frozen]=$(frozen_here)
      ;;
    *)
      rm -f -- "$RUN/share-lost" || true
      frozen_follow || true
      ;;
  esac
  [[ ${FACT[lease]} != @(mine|mine-releasing) ]] || return 0
  directories_wanted
  FACT[links]=$(links_state 2>/dev/null) || FACT[links]=unknown
  FACT[running]=$(services_left apart 2>/dev/null) || FACT[running]='what cannot be told'
  if ! vip=$(virtualIp_entries "$VIP" 2>/dev/null); then FACT[vip]=unknown; elif [[ -n $vip ]]; then FACT[vip]=here; fi
}

# may_look UNIT SECONDS: where many former looks of a timer hang in the kernel only one in ten adds another: nobody can end them.
may_look() {
  local hanging
  hanging=$(unit_processes "$1" 2>/dev/null | wc -l) || true
  ((${hanging:-0} < BEAT_HANGING)) || (($(uptime_seconds) / $2 % 10 == 0))
}

# share_lost_seconds BEGAN: since the first of the looks that could not read it, without a gap between them; the last one began then. What was
# counted before nobody looked is no loss that goes on. By the clock that nobody sets. False where that cannot be told, or not be kept for the next
# beat, which would count from 0 again.
share_lost_seconds() {
  local now began since='' last=''
  now=$(uptime_seconds) || return
  began=${1:-$now}
  # One that was cut has no newline.
  { read -r since last <"$RUN/share-lost"; } 2>/dev/null || true
  [[ "$since $last" =~ ^[0-9]+\ [0-9]+$ ]] && ((last <= began && began - last <= BEAT_GAP_SECONDS)) || since=$now
  printf '%s %s\n' "$since" "$now" >"$RUN/share-lost" || return
  printf '%s\n' "$((now - since))"
}

uptime_seconds() {
  local now=
  read -r now _ </proc/uptime && [[ $now =~ ^[0-9]+ ]] || return
  printf '%s\n' "${BASH_REMATCH[0]}"
}

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
        say "warning: $RECORDS/demoted could not be written: xcat-ha role will not say that $NODE stepped down by itself" || true
      # No other order starts until this beat ends: it would start what is killed here. Who starts one holds the lock for a moment.
      { exec 8>>"$RUN/start.lock" && flock -w 2 8 && lock_note "$RUN/start.lock" "the step down of $NODE by itself"; } || true
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
Nothing of the owner's runs on $NODE any more. Who is active: xcat-ha role on either node. Nothing starts by itself: docs/failover.md" || true
}

# beat_tell_blocked WHY: once for a step down: each further beat comes here again.
beat_tell_blocked() {
  [[ ! -e $RUN/step-down-blocked ]] || return 0
  : >"$RUN/step-down-blocked"
  notify step-down-blocked "$NODE steps down by itself, and that is blocked: $1. The next beat tries again; where something hangs in the kernel, power $NODE off" ||
    rm -f -- "$RUN/step-down-blocked"
}

# beat_show: a counter on the share that moves while its owner lives. Whoever judges it looks twice: no clock is compared.
beat_show() {
  local number
  number=$(($(cat "$RUN/beat" 2>/dev/null || echo 0) + 1))
  printf '%s\n' "$number" >"$RUN/beat"
  share_do bash -c 'set -eu; mkdir -p -- "$1"; printf "%s %s\n" "$3" "$4" >"$1/.$2.new"; mv -f -- "$1/.$2.new" "$1/$2"' beat \
    "$SHARE/.xcat-ha/beat" "$NODE" "$number" "$(boot_id)" 2>/dev/null || say "the beat could not be written to $SHARE"
}

# kill_units UNIT...: the order to stop first, so that systemd starts nothing again; then without mercy: another node may be writing.
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

# services_gone: waits until nothing of the services is left; what still is after that is said, and the next beat tries again.
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
      fail blocked "not all is gone on $NODE, which is not the owner any more: $(left_words "$left")" "killed $DEMOTION_SECONDS s ago" \
        "the next beat tries again; where they hang in the kernel, power $NODE off"
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
