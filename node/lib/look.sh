# Looks for the workstation's xcat-ha: what this node is and does, each value apart, so that one which cannot be told
# hides no other one. An answer is "is VALUE", "absent", or "unknown WHY". They change nothing.

# A person waits, and a hung share is told too.
readonly LOOK_SHARE_SECONDS=2

# look_into KEY COMMAND...: what COMMAND prints into SEEN[KEY]. In a child: what cannot be told ends it, and not the
# caller.
look_into() {
  local key=$1 said result
  shift
  # An option of the shell, and no condition around it: half a look is no answer.
  set +e
  said=$(
    set -e
    "$@" 2>&1
  )
  result=$?
  set -e
  if ((result != 0)); then
    # What stands before it was said by a command.
    SEEN[$key]="unknown $(error_said "${said#*error: }")"
    [[ -n $said ]] || SEEN[$key]="unknown $* said nothing"
  elif [[ -z $said ]]; then
    SEEN[$key]=absent
  else
    SEEN[$key]="is $said"
  fi
}

# verb_look: the whole node, as a document.
verb_look() {
  SHARE_DEADLINE=$LOOK_SHARE_SECONDS
  SEEN=([now]="is $(seconds_now)")
  look_into stack look_setup
  look_into order look_order
  look_into demoted look_demotion
  look_into watch watch_sentence
  look_into silent look_silent
  look_into vip look_vip
  look_into links look_links
  look_into beat look_beat
  look_into clock clock_offset
  [[ ${SEEN[clock]} != absent ]] || SEEN[clock]='unknown no time source answers'
  look_units
  look_share
  document_write SEEN
}

# look_share: and what is on it. One that does not answer is asked once.
look_share() {
  local key
  look_into share share_state
  case ${SEEN[share]} in
    'is ok') ;;
    'is is '*) SEEN[share]=${SEEN[share]#is } ;;
    'is '*) SEEN[share]="unknown ${SEEN[share]#is }" ;;
    unknown*) ;;
    *) SEEN[share]='unknown it said nothing' ;;
  esac
  if [[ ${SEEN[share]} == unknown* ]]; then
    for key in lease frozen role; do SEEN[$key]="unknown $SHARE ${SEEN[share]#unknown }"; done
  else
    look_lease
    look_into frozen frozen
    look_into role verb_role
  fi
}

# look_lease: as LEASE of lease_read, each of its values.
look_lease() {
  local seen key result=0
  seen=$(lease_read 2>&1 && declare -p LEASE) || result=$?
  if ((result != 0)); then
    SEEN[lease]="unknown $(error_said "${seen#*error: }")"
    return 0
  fi
  eval "declare -gA LEASE=${seen#*declare -A LEASE=}"
  SEEN[lease]="is ${LEASE[is]}"
  for key in epoch node time origin from evidence reason dissolving; do
    SEEN[lease.$key]=${LEASE[$key]:+is ${LEASE[$key]}}
    SEEN[lease.$key]=${SEEN[lease.$key]:-absent}
  done
}

# look_setup: the stack that manages this node; nothing where it was never set up.
look_setup() {
  local stack
  [[ -e $CONFIGURATION/description ]] || return 0
  stack=$(managing_stack) || exit
  printf '%s\n' "${stack:-no stack}"
}

# look_order: the order that runs here right now, or nothing.
look_order() {
  local current order since line
  run_is_active || return 0
  current=$(cat "$RUN/current" 2>/dev/null) || true
  run_told "$current"
  printf '%s, since %s%s\n' "${order:-an order}" "${since:-an unknown time}" "${line:+: ${line:0:200}}"
}

# look_demotion: one that is a standby node again has nothing left of it.
look_demotion() {
  if made_standby; then return 0; fi
  demotion
}

# look_silent: what the watch has told the site of the owner and not taken back: silent, unknown, or nothing.
look_silent() {
  watch_load
  printf '%s\n' "${WATCH[told]:-}"
}

look_vip() {
  local entries
  entries=$(virtualIp_entries "$VIP") || exit
  one_line "$entries"
}

look_links() {
  local state
  directories_wanted
  state=$(links_state) || exit
  [[ $state != unknown ]] ||
    fail unknown "which directories of $NODE are links to $SHARE cannot be told; expected to know it" "$DIRECTORIES" \
      "the same command again"
  printf '%s\n' "$state"
}

# look_beat: seconds since the last beat of this node as an owner, by its own clock alone; nothing where it never beat
# since its boot.
look_beat() {
  local at
  at=$(stat -c %Y -- "$RUN/beat" 2>&1) || {
    [[ $at != *': No such file or directory' ]] || return 0
    fail unknown "when $NODE beat last cannot be told; expected to read $RUN/beat" "$at" "ls -l $RUN/beat on $NODE"
  }
  printf '%s\n' "$(($(seconds_now) - at))"
}

# look_units: each service of the cluster file.
look_units() {
  local service there state enabled said result
  look_into units look_services
  said=${SEEN[units]} result=${SEEN[units]%% *}
  unset 'SEEN[units]'
  if [[ $result != is ]]; then
    for service in "${SERVICES[@]}"; do SEEN[unit.$service]=${said/#absent/unknown systemd said nothing}; done
    return 0
  fi
  while read -r service there state enabled; do
    if [[ $there == yes ]]; then SEEN[unit.$service]="is $state, $enabled"; else SEEN[unit.$service]=absent; fi
  done <<<"${said#is }"
}

look_services() {
  local service
  units_look_whole "${SERVICES[@]}"
  for service in "${SERVICES[@]}"; do
    printf '%s %s %s %s\n' "$service" "${UNIT_THERE[$service]}" "${UNIT_STATE[$service]}" "${UNIT_ENABLED[$service]}"
  done
}

# verb_history: all files of the epochs, as a document with the listing as one value: "at NAME MTIME" for each, and each
# line of it as NAME:LINE.
verb_history() {
  local listing
  share_require
  listing=$(share_do bash -c '
    set -euo pipefail
    if ! cd -- "$1" 2>/dev/null; then
      # No epoch directory is no epoch; one that cannot be entered is none of the answers.
      answer=$(LC_ALL=C stat -- "$1" 2>&1) || case $answer in *": No such file or directory") exit 0 ;; esac
      cd -- "$1"
    fi
    export LC_ALL=C
    shopt -s nullglob
    files=()
    for file in [0-9][0-9][0-9][0-9][0-9][0-9].*; do
      [[ $file != *.@(owner|releasing|released|named) ]] || files+=("$file")
    done
    ((${#files[@]})) || exit 0
    stat -c "at %n %Y" -- "${files[@]}"
    # 1: each of them is empty.
    grep -H "" -- "${files[@]}" || [ $? = 1 ]
  ' history "$(lease_directory)" 2>&1) ||
    fail unknown "the epochs in $(lease_directory) cannot be read on $NODE; expected to read each of them" \
      "$(one_line "${listing:-no answer within $SHARE_DEADLINE s}")" \
      "ls -l $(lease_directory) on $NODE; then run the same command again"
  SEEN=([now]="$(seconds_now)" [epochs]="$listing")
  document_write SEEN
}
