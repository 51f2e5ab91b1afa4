# systemd units: what is there, start and stop that tell the truth. Each function takes the manual's name of a service (node/lib/platform.sh).

# What systemd said when it was asked last: by service its state (active, inactive, failed, ...), whether it is there (yes, no), and whether
# it starts at boot (enabled, not enabled); by unit what is-enabled says. One question for all costs as much as one for one.
declare -gA UNIT_STATE=() UNIT_THERE=() UNIT_ENABLED=() UNIT_FILE_STATE=()

# unit_shows PROPERTY UNIT: REPLY is the value of ActiveState or MainPID; false where systemd does not say it: REPLY is what it said. One that is
# not there is inactive, and its process 0.
unit_shows() {
  REPLY=$(systemctl show -p "$1" --value -- "$2" 2>&1 </dev/null) || {
    REPLY="no answer: $REPLY"
    return 1
  }
  REPLY=${REPLY:-it said nothing}
  case $1 in
    ActiveState) [[ $REPLY == @(active|reloading|refreshing|inactive|failed|activating|deactivating|maintenance) ]] ;;
    MainPID) [[ $REPLY =~ ^[0-9]+$ ]] ;;
    *) false ;;
  esac
}

# What units_show was told: "N PROPERTY" of the unit at that place from 0 on, and of how many ("units").
declare -gA SHOWN=()

# units_show PROPERTIES UNIT...: fills SHOWN. A unit is a service where its name does not end in .timer. A property of several lines keeps them.
# Id, LoadState and ActiveState each unit has, also one that is not there: false where systemd does not say what was asked of these, of each
# unit. REPLY is what it said.
units_show() {
  local key value line='' index=-1 asked=() needed=() names=()
  for key in $1; do
    asked+=(-p "$key")
    [[ $key != @(Id|LoadState|ActiveState) ]] || needed+=("$key")
  done
  shift
  SHOWN=([units]=0)
  for key; do
    [[ $key == *.timer ]] || key+=.service
    names+=("$key")
  done
  REPLY=$(systemctl show "${asked[@]}" -- "${names[@]}" 2>&1 </dev/null) || {
    REPLY="no answer: $REPLY"
    return 1
  }
  # A block of lines for each, in their order.
  while IFS= read -r value; do
    if [[ -n $value ]]; then
      [[ -n $line ]] || index=$((index + 1))
      SHOWN["$index ${value%%=*}"]+=${SHOWN["$index ${value%%=*}"]:+$'\n'}${value#*=}
    fi
    line=$value
  done <<<"$REPLY"
  SHOWN[units]=$((index + 1))
  REPLY=${REPLY:-it said nothing}
  ((SHOWN[units] == $#)) || return 1
  for ((index = 0; index < $#; index++)); do
    for key in "${needed[@]}"; do [[ -n ${SHOWN["$index $key"]:-} ]] || return 1; done
  done
}

# units_ask SERVICE...: fills UNIT_STATE and UNIT_THERE. A service is there when it can be started, or runs: a unit that was masked, or whose
# package was removed, runs on. False where systemd does not say it of each: REPLY is what it said. UNIT_FILES: those that have a unit file.
units_ask() {
  local service key index load state names=() services=()
  UNIT_FILES=()
  for service; do
    for key in "${UNIT[$service]:-$service}" ${COMPANIONS[$service]:-}; do names+=("$key") services+=("$service"); done
  done
  units_show 'LoadState ActiveState' "${names[@]}" || {
    REPLY=${REPLY//$'\n'/ }
    return 1
  }
  REPLY=${REPLY//$'\n'/ }
  for index in "${!names[@]}"; do
    load=${SHOWN["$index LoadState"]} state=${SHOWN["$index ActiveState"]}
    [[ $load == not-found ]] || UNIT_FILES+=("${names[index]}")
    service=${services[index]}
    # Behind the service's own unit stands what belongs to it.
    [[ ${names[index]} == "${UNIT[$service]:-$service}" ]] || continue
    UNIT_STATE[$service]=$state UNIT_THERE[$service]=yes
    [[ $load == loaded || $state != @(inactive|failed) ]] || UNIT_THERE[$service]=no
  done
}

# units_look SERVICE...: the same, and not to be told it is an error, never "no".
units_look() {
  local REPLY UNIT_FILES
  (($# == 0)) || units_ask "$@" || units_unknown "$@"
}

units_unknown() {
  fail unknown "whether these run on $NODE, or are there at all, cannot be told: $*; expected systemd to know" "systemctl show: $REPLY" \
    "systemctl show $(unit_of "$1").service on $NODE; when it answers, run the same command again"
}

# units_look_whole SERVICE...: and UNIT_ENABLED.
units_look_whole() {
  local REPLY UNIT_FILES service unit
  (($#)) || return 0
  units_ask "$@" || units_unknown "$@"
  UNIT_FILE_STATE=()
  units_ask_enabled "${UNIT_FILES[@]}"
  for service; do
    UNIT_ENABLED[$service]='not enabled'
    for unit in "${UNIT[$service]:-$service}" ${COMPANIONS[$service]:-}; do
      # An alias or static unit does not start at boot by itself.
      [[ ${UNIT_FILE_STATE[$unit]:-} != @(enabled|enabled-runtime) ]] || UNIT_ENABLED[$service]=enabled
    done
  done
}

# units_ask_enabled UNIT...: fills UNIT_FILE_STATE.
units_ask_enabled() {
  local answer unit words=()
  (($#)) || return 0
  answer=$(systemctl is-enabled -- "${@/%/.service}" 2>&1 </dev/null) || true
  mapfile -t words <<<"$answer"
  if ((${#words[@]} == $#)) && [[ $answer != *[!a-z$'\n'-]* ]]; then
    for unit; do
      UNIT_FILE_STATE[$unit]=${words[0]} words=("${words[@]:1}")
    done
  elif (($# > 1)); then
    # About a script of System V systemctl asks somebody else, out of turn, and says so.
    for unit; do units_ask_enabled "$unit"; done
  else
    [[ ${words[-1]} == +([a-z-]) ]] || fail unknown "whether $1 starts at boot on $NODE cannot be told; expected systemd to say it" \
      "systemctl is-enabled: ${answer//$'\n'/ }" "systemctl is-enabled $1 on $NODE; when it answers, run the same command again"
    UNIT_FILE_STATE[$1]=${words[-1]}
  fi
}

# unit_state SERVICE: right now, or "unknown".
unit_state() {
  local REPLY UNIT_FILES
  if units_ask "$1"; then printf '%s\n' "${UNIT_STATE[$1]}"; else printf 'unknown\n'; fi
}

# unit_exists SERVICE: right now. Where systemd does not say, that is an error and never "no".
unit_exists() {
  units_look "$1"
  [[ ${UNIT_THERE[$1]} == yes ]]
}

# unit_stopped SERVICE: neither its unit nor what belongs to it runs.
unit_stopped() {
  local processes
  [[ $(unit_state "$1") == @(inactive|failed) ]] || return
  [[ -n ${COMPANIONS[$1]:-} ]] || return 0
  processes=$(unit_processes "$1") || exit
  [[ -z $processes ]]
}

# unit_enabled SERVICE: right now.
unit_enabled() {
  units_look_whole "$1"
  printf '%s\n' "${UNIT_ENABLED[$1]}"
}

# units_disable SERVICE...: they and what belongs to them start no more at boot. All at once: systemd reads all its units again for each time.
units_disable() {
  local service names=()
  units_look_whole "$@"
  for service; do
    # shellcheck disable=SC2206 # a list of names
    [[ ${UNIT_ENABLED[$service]} != enabled ]] || names+=("${UNIT[$service]:-$service}" ${COMPANIONS[$service]:-})
  done
  ((${#names[@]} == 0)) || systemctl disable --quiet -- "${names[@]/%/.service}" </dev/null 2>/dev/null || true
}

# unit_evidence SERVICE: its state and the end of its journal on one line.
unit_evidence() {
  printf '%s is %s; journal: ' "$1" "$(unit_state "$1")"
  journalctl -u "$(unit_of "$1").service" -n 4 --no-pager -o cat 2>/dev/null | tr '\n' ' ' | cut -c1-500
}

# unit_start SERVICE SECONDS: returns when it is active. A failed start is stopped: systemd would retry it without end,
# and it would come up later on a node that is not active any more (docs/xcat-facts.md, How xcatd starts and stops). Never a database that recovers.
unit_start() {
  local unit=$1 limit=$2 began=$SECONDS deadline=$((SECONDS + $2)) name result evidence ended
  name=$(unit_of "$unit")
  systemctl reset-failed -- "$name.service" 2>/dev/null || true
  while :; do
    result=0
    # The start goes on when nobody waits for it.
    timeout 2 systemctl start -- "$name.service" </dev/null 2>/dev/null || result=$?
    if ((result == 0)) && [[ $(unit_state "$unit") == active ]]; then return 0; fi
    ((result == 124)) || break
    if [[ $unit == postgresql ]] && recovery_goes_on "$began"; then deadline=$((SECONDS + limit)); fi
    ((SECONDS < deadline)) || break
  done
  evidence=$(unit_evidence "$unit")
  # What systemd itself has put an end to.
  ended=$(systemctl show -p Result -p TimeoutStartUSec -- "$name.service" 2>/dev/null </dev/null) || ended=
  timeout 60 systemctl stop -- "$name.service" </dev/null 2>/dev/null || true
  [[ $ended != *Result=timeout* ]] || fail incomplete "$unit did not start within the $(sed -n 's/^TimeoutStartUSec=//p' <<<"$ended") that systemd gives it; expected it active" \
    "$evidence" "systemctl edit $name on $NODE: [Service], TimeoutStartSec=infinity; then run the same pulumi up again"
  fail incomplete "$unit did not start within $limit s; expected it active" "$evidence" \
    "journalctl -u $name -n 50; when the cause is gone, run the same pulumi up again"
}

# unit_stop SERVICE SECONDS: returns when it is inactive or failed, with no process left in its control group and no start queued.
unit_stop() {
  local unit=$1 limit=$2 state names processes
  unit_exists "$unit" || return 0
  mapfile -t names < <(units_of "$unit")
  if [[ $unit == postgresql ]]; then
    postgresql_stop "$limit" "${names[@]}"
  else
    timeout "$limit" systemctl stop -- "${names[@]/%/.service}" </dev/null 2>/dev/null || true
  fi
  state=$(unit_state "$unit")
  processes=$(unit_processes "$unit") || exit
  if [[ $state != inactive && $state != failed ]] || [[ -n $processes ]]; then
    fail blocked "$unit did not stop within $limit s: $state; expected inactive" \
      "processes ${processes//$'\n'/ }; $(unit_evidence "$unit")" \
      "systemctl status ${names[*]} on $NODE; stop it, then run the same command again. Until then nothing starts on the other node"
  fi
}

CONTROL_GROUPS=/sys/fs/cgroup

# By service, when they were asked last: the control groups of its unit and of what belongs to it, a line each.
declare -gA UNIT_GROUPS=()

# groups_look SERVICE...: fills UNIT_GROUPS. Not to know them is not "none".
groups_look() {
  local service unit index names=() services=() REPLY
  UNIT_GROUPS=()
  (($#)) || return 0
  for service; do
    for unit in "${UNIT[$service]:-$service}" ${COMPANIONS[$service]:-}; do names+=("$unit") services+=("$service"); done
  done
  # The name too: of one that runs nothing systemd may leave the group out.
  units_show 'Id ControlGroup' "${names[@]}" ||
    fail blocked "whether processes of $* run on $NODE cannot be told; expected systemd to know its control group" "${REPLY//$'\n'/ }" \
      "systemctl status ${names[*]} on $NODE; when it answers, run the same command again. Until then nothing starts on the other node"
  for index in "${!names[@]}"; do UNIT_GROUPS[${services[index]}]+=${SHOWN["$index ControlGroup"]:-}$'\n'; done
}

# processes_of_groups GROUPS: pids in these control groups and in those below them: a service may make some of its own.
processes_of_groups() {
  local group tree
  while read -r group; do
    [[ -n $group ]] || continue
    # The unified hierarchy, and systemd's own of the old ones.
    for tree in "$CONTROL_GROUPS$group" "$CONTROL_GROUPS/systemd$group"; do
      [[ ! -d $tree ]] || processes_of_group "$tree" || exit
    done
  done <<<"$1"
}

# processes_of_group FOLDER: a group that ends while it is read had no process any more.
processes_of_group() {
  local pids below
  pids=$(cat -- "$1/cgroup.procs" 2>&1) || {
    # Those of a threaded group are in the list of the one above it.
    [[ -d $1 && $pids != *': Operation not supported' ]] || return 0
    fail unknown "which processes $1 has on $NODE cannot be told; expected to read its cgroup.procs" "$pids" "look at it on $NODE, then run the same command again"
  }
  [[ -z $pids ]] || printf '%s\n' "$pids"
  for below in "$1"/*/; do
    [[ ! -d $below ]] || processes_of_group "${below%/}" || exit
  done
}

# unit_processes SERVICE: pids in the control groups of its unit and of what belongs to it.
unit_processes() {
  groups_look "$1"
  processes_of_groups "${UNIT_GROUPS[$1]}"
}
