# The watch: a standby node looks whether the owner lives, and the site is told when it does not (node/lib/notify.sh).
# It decides nothing: a takeover is a person's order. It reads the shared data; all that it writes there is what this
# node has (node/lib/nodeFacts/own.sh). By units that a boot brings back: nobody sits before a standby node.

readonly WATCH_UNIT=xcat-ha-watch
readonly WATCH_SECONDS=30
# Nine beats: a file server's hiccup is over by then, and what an NFS client keeps of a directory.
WATCH_LIMIT=90
UNIT_FOLDER=/etc/systemd/system

# What the former looks came to, kept in RUN: sign, what moves while the owner lives, and since, when it was first seen
# so; quiet, since when each look has found it so; blind, since when there was no answer; told, silent or unknown, where
# the site knows; looked, the last time. Seconds of uptime.
declare -gA WATCH=()

watch_load() {
  WATCH=()
  [[ ! -s $RUN/watch ]] || document_load WATCH "$RUN/watch" || WATCH=()
}

# verb_watch: what the timer runs.
verb_watch() {
  local seen result now words EVENT=''
  # An option of the shell, and no condition around it: half a look is no answer.
  set +e
  seen=$(
    set -e
    watch_look 2>&1
  )
  result=$?
  set -e
  watch_load
  now=$(uptime_seconds)
  watch_judge "$result" "$seen" "$now"
  WATCH[looked]=$now
  if [[ -n $EVENT ]]; then
    words=$(watch_words "$EVENT" "$seen" "$now")
    say "$EVENT: $words"
    # Where it could not be told the next look tells it.
    notify "$EVENT" "$words" || return 0
  fi
  document_write WATCH | write_file "$RUN/watch" 0600
  # On a share that could be read just now.
  ((result != 0)) || facts_keep standby || true
}

# watch_look: "owner", and what moves while it lives; or "nobody", where none need live, and why.
watch_look() {
  local beat frozen
  may_look "$WATCH_UNIT" "$WATCH_SECONDS" ||
    fail unknown "many former looks at $SHARE hang on $NODE; expected them to end" "$WATCH_UNIT.service" \
      "findmnt -T $SHARE on $NODE"
  lease_read
  frozen=$(frozen) || exit
  if [[ ${LEASE[is]} != other* || -n ${LEASE[dissolving]:-} ]]; then
    printf 'nobody %s\n' "$(lease_sentence)"
  elif [[ -n $frozen ]]; then
    printf 'nobody the pair is frozen %s\n' "$frozen"
  else
    beat=$(share_text "$SHARE/.xcat-ha/beat/${LEASE[node]}" "whether ${LEASE[node]} beats") || exit
    printf 'owner %s; its beat is %s\n' "$(lease_sentence)" "${beat:-none}"
  fi
}

# watch_judge RESULT SEEN NOW: into WATCH, and into EVENT what is to be told of it. A look that failed is neither
# silence nor life, and behind such a time both are counted anew.
watch_judge() {
  local told=${WATCH[told]:-}
  if (($1 != 0)); then
    WATCH[blind]=${WATCH[blind]:-$3}
    if [[ $told != unknown ]] && (($3 - WATCH[blind] >= WATCH_LIMIT)); then
      WATCH[told]=unknown EVENT='owner-unknown'
    fi
    return 0
  fi
  if [[ $2 == nobody\ * ]]; then
    [[ -z $told ]] || EVENT='owner-back'
    WATCH=()
  elif [[ $2 != "${WATCH[sign]:-}" ]]; then
    [[ -n ${WATCH[blind]:-} || -z $told ]] || EVENT='owner-back' told=''
    WATCH=([sign]=$2 [since]=$3 [quiet]=$3 [told]=$told)
  else
    [[ -z ${WATCH[blind]:-} ]] || WATCH[quiet]=$3 WATCH[blind]=
    if [[ $told != silent ]] && (($3 - WATCH[quiet] >= WATCH_LIMIT)); then WATCH[told]=silent EVENT='owner-silent'; fi
  fi
}

# watch_words EVENT SEEN NOW: what is told.
watch_words() {
  local signs next=''
  case $1 in
    owner-silent)
      signs=$(ROLE='' signs_of_life 0 2>&1) || true
      signs=${signs#error: }
      signs=${signs:-none}
      printf 'the owner shows no life on the shared data since %s: %s\nother signs of life of %s: %s\n' \
        "$(watch_time "$3" "${WATCH[since]}")" "${2#owner }" "$PEER" "$(one_line "${signs%%$'\n'evidence: *}" ';')"
      printf 'where %s was rebooted: pulumi up on its stack, or xcat-ha resume on it. %s\n' "$PEER" \
        'Where it is dead: docs/failover.md, The active node is dead'
      ;;
    owner-unknown)
      [[ $2 != *$'\n'next:\ * ]] || next=${2#*$'\n'next: }
      printf 'whether the owner lives cannot be told on %s since %s: %s\nnext: %s\n' "$NODE" \
        "$(watch_time "$3" "${WATCH[blind]}")" "$(error_said "$2")" \
        "${next:-look at the shared data on $NODE: findmnt -T $SHARE}"
      ;;
    owner-back)
      if [[ $2 == nobody\ * ]]; then
        printf 'no owner is looked for any more: %s\n' "${2#nobody }"
      else
        printf 'the owner shows life again: %s\n' "${2#owner }"
      fi
      ;;
  esac
}

# watch_sentence: what the looks of this node came to, for xcat-ha status; nothing where it watches nobody.
watch_sentence() {
  local now
  watch_load
  now=$(uptime_seconds)
  if [[ -n ${WATCH[looked]:-} ]] && ((now - WATCH[looked] > 3 * WATCH_SECONDS)); then
    printf 'nobody has looked whether the owner lives since %s: systemctl status %s.timer\n' \
      "$(watch_time "$now" "${WATCH[looked]}")" "$WATCH_UNIT"
  elif [[ -n ${WATCH[blind]:-} ]]; then
    printf 'whether the owner lives cannot be told since %s\n' "$(watch_time "$now" "${WATCH[blind]}")"
  elif [[ ${WATCH[told]:-} == silent ]]; then
    printf 'the owner is silent; it showed life last at %s\n' "$(watch_time "$now" "${WATCH[since]}")"
  elif [[ -n ${WATCH[sign]:-} ]]; then
    printf 'the owner showed life last at %s\n' "$(watch_time "$now" "${WATCH[since]}")"
  fi
}

# watch_time NOW THEN: of uptime, as a time of day.
watch_time() { TZ=UTC0 printf '%(%Y-%m-%dT%H:%M:%SZ)T\n' "$(($(seconds_now) - $1 + $2))"; }
