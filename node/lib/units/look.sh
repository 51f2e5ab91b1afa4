# systemd units: what is there, start and stop that tell the truth. Each function takes the manual's name of a service
# (node/lib/platform/units.sh).

# What systemd said when it was asked last: by service its state (active, inactive, failed, ...), whether it is there
# (yes, no), and whether it starts at boot (enabled, not enabled); by unit what is-enabled says. One question for all
# costs as much as one for one.
declare -gA UNIT_STATE=() UNIT_THERE=() UNIT_ENABLED=() UNIT_FILE_STATE=()

# unit_shows PROPERTY UNIT: REPLY is the value of ActiveState or MainPID; false where systemd does not say it: REPLY is
# what it said. One that is not there is inactive, and its process 0.
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

# units_show PROPERTIES UNIT...: fills SHOWN. A unit is a service where its name does not end in .timer. A property of
# several lines keeps them. Id, LoadState and ActiveState each unit has, also one that is not there: false where systemd
# does not say what was asked of these, of each unit. REPLY is what it said.
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

# units_ask SERVICE...: fills UNIT_STATE and UNIT_THERE. A service is there when it can be started, or runs: a unit that
# was masked, or whose package was removed, runs on. False where systemd does not say it of each: REPLY is what it said.
# UNIT_FILES: those that have a unit file.
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
  fail unknown "whether these run on $NODE, or are there at all, cannot be told: $*; expected systemd to know" \
    "systemctl show: $REPLY" \
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
    [[ ${words[-1]} == +([a-z-]) ]] ||
      fail unknown "whether $1 starts at boot on $NODE cannot be told; expected systemd to say it" \
        "systemctl is-enabled: ${answer//$'\n'/ }" \
        "systemctl is-enabled $1 on $NODE; when it answers, run the same command again"
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
