# The watch: a standby node looks whether the owner lives, and the site is told when it does not (node/lib/notify.sh). It decides nothing: a
# takeover is a person's order. It reads the shared data and writes nothing there. By units that a boot brings back: nobody sits before a
# standby node.

readonly WATCH_UNIT=xcat-ha-watch
readonly WATCH_SECONDS=30
# Six beats: a file server's hiccup is over by then.
readonly WATCH_LIMIT=60
UNIT_FOLDER=/etc/systemd/system

watch_text() {
  cat <<TEXT
# xcat-ha: this standby node looks whether the owner of the shared data lives. Do not edit it here: \`pulumi up\` delivers it.
[Unit]
Description=xcat-ha: does the owner live?

TEXT
  case $1 in
    service)
      # KillMode: a look that hangs in the kernel stays behind, and systemd waits for its end before it starts the next one.
      cat <<TEXT
[Service]
Type=oneshot
ExecStart=$PROGRAM watch
KillMode=process
TEXT
      ;;
    timer)
      cat <<TEXT
[Timer]
OnActiveSec=${WATCH_SECONDS}s
OnUnitActiveSec=${WATCH_SECONDS}s
AccuracySec=1s

[Install]
WantedBy=timers.target
TEXT
      ;;
  esac
}

# watch_state ACTIVE ENABLED: of its timer, as systemd says: running, absent, or what is not right.
watch_state() {
  local kind there=''
  for kind in service timer; do
    [[ ! -e $UNIT_FOLDER/$WATCH_UNIT.$kind ]] || there=yes
  done
  if [[ $1 != active ]]; then
    if [[ -n $there ]]; then printf '%s, with a unit file\n' "$1"; else printf 'absent\n'; fi
  elif [[ $2 != enabled ]]; then
    printf 'running, and %s at the next boot\n' "${2:-without a unit file}"
  else
    for kind in service timer; do
      watch_text "$kind" | cmp -s - "$UNIT_FOLDER/$WATCH_UNIT.$kind" || {
        printf 'another text in %s\n' "$UNIT_FOLDER/$WATCH_UNIT.$kind"
        return 0
      }
    done
    printf 'running\n'
  fi
}

watch_start() {
  local kind said
  for kind in service timer; do watch_text "$kind" | write_file "$UNIT_FOLDER/$WATCH_UNIT.$kind" 0644; done
  # What a former watch has noted is of another time.
  rm -f -- "$RUN/watch"
  said=$({ systemctl daemon-reload && systemctl enable --quiet "$WATCH_UNIT.timer" && systemctl restart "$WATCH_UNIT.timer"; } 2>&1 </dev/null) ||
    fail incomplete "the watch could not be started on $NODE; expected $WATCH_UNIT.timer to run: it tells when the owner is silent" "$(one_line "$said")" \
      "systemctl status $WATCH_UNIT.timer on $NODE, then run the same command again"
}

watch_stop() {
  local said
  [[ -e $UNIT_FOLDER/$WATCH_UNIT.timer || -e $UNIT_FOLDER/$WATCH_UNIT.service ]] || return 0
  said=$({ systemctl disable --quiet "$WATCH_UNIT.timer" && systemctl stop "$WATCH_UNIT.timer" "$WATCH_UNIT.service"; } 2>&1 </dev/null) || true
  rm -f -- "$UNIT_FOLDER/$WATCH_UNIT".{timer,service} "$RUN/watch"
  systemctl daemon-reload </dev/null
  beat_observe
  [[ ${SEEN[watch]} == absent ]] || fail incomplete "the watch still runs on $NODE; expected it stopped" "${SEEN[watch]}; $(one_line "$said")" \
    "systemctl stop $WATCH_UNIT.timer on $NODE, then run the same command again"
}

# What the former looks came to, kept in RUN: sign, what moves while the owner lives, and since when it has stood so; blind, since when there
# was no answer; told, silent or unknown, where the site knows. Seconds of uptime.
declare -gA WATCH=()

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
  WATCH=()
  [[ ! -s $RUN/watch ]] || document_load WATCH "$RUN/watch" || WATCH=()
  now=$(uptime_seconds)
  watch_judge "$result" "$seen" "$now"
  document_write WATCH | write_file "$RUN/watch" 0600
  [[ -n $EVENT ]] || return 0
  words=$(watch_words "$EVENT" "$seen" "$now")
  say "$EVENT: $words"
  notify "$EVENT" "$words"
}

# watch_look: what moves while the owner lives; nothing where nobody need live.
watch_look() {
  local beat frozen
  may_look "$WATCH_UNIT" "$WATCH_SECONDS" || fail unknown "many former looks at $SHARE hang on $NODE; expected them to end" "$WATCH_UNIT.service" \
    "findmnt -T $SHARE on $NODE"
  lease_read
  [[ ${LEASE[is]} == other* && -z ${LEASE[dissolving]:-} ]] || return 0
  frozen=$(frozen) || exit
  [[ -z $frozen ]] || return 0
  beat=$(share_text "$SHARE/.xcat-ha/beat/${LEASE[node]}" "whether ${LEASE[node]} beats") || exit
  printf '%s; its beat is %s\n' "$(lease_sentence)" "${beat:-none}"
}

# watch_judge RESULT SEEN NOW: into WATCH, and into EVENT what is to be told of it. No look that failed is silence, and none is life.
watch_judge() {
  if (($1 != 0)); then
    WATCH[blind]=${WATCH[blind]:-$3}
    if [[ ${WATCH[told]:-} != unknown ]] && (($3 - WATCH[blind] >= WATCH_LIMIT)); then WATCH[told]=unknown EVENT='owner-unknown'; fi
    return 0
  fi
  unset 'WATCH[blind]'
  if [[ -z $2 ]]; then
    WATCH=()
  elif [[ $2 != "${WATCH[sign]:-}" ]]; then
    [[ -z ${WATCH[told]:-} ]] || EVENT='owner-back'
    WATCH=([sign]=$2 [since]=$3)
  elif [[ ${WATCH[told]:-} != silent ]] && (($3 - WATCH[since] >= WATCH_LIMIT)); then
    WATCH[told]=silent EVENT='owner-silent'
  fi
}

# watch_words EVENT SEEN NOW: what is told.
watch_words() {
  local signs why
  case $1 in
    owner-silent)
      signs=$(ROLE='' signs_of_life 0 2>&1) || true
      signs=${signs#error: }
      signs=${signs:-none}
      printf 'the owner shows no life on the shared data since %s: %s\nother signs of life of %s: %s\n' "$(watch_time "$3" "${WATCH[since]}")" "$2" "$PEER" "$(signs_listed "${signs%%$'\n'evidence: *}")"
      printf 'where %s was rebooted: pulumi up on its stack, or xcat-ha resume on it. Where it is dead: docs/failover.md, The active node is dead\n' "$PEER"
      ;;
    owner-unknown)
      why=${2%%$'\n'*}
      printf 'whether the owner lives cannot be told on %s since %s: %s\nlook at the shared data on %s: findmnt -T %s\n' "$NODE" "$(watch_time "$3" "${WATCH[blind]}")" "${why#error: }" "$NODE" "$SHARE"
      ;;
    owner-back) printf 'the owner shows life again: %s\n' "$2" ;;
  esac
}

# watch_sentence: what the looks of this node came to, for xcat-ha status; nothing where it watches nobody.
watch_sentence() {
  local now
  WATCH=()
  [[ ! -s $RUN/watch ]] || document_load WATCH "$RUN/watch" || WATCH=()
  now=$(uptime_seconds)
  if [[ -n ${WATCH[blind]:-} ]]; then
    printf 'whether the owner lives cannot be told since %s\n' "$(watch_time "$now" "${WATCH[blind]}")"
  elif [[ -n ${WATCH[sign]:-} ]]; then
    printf 'the owner%s showed life last at %s\n' "$([[ ${WATCH[told]:-} != silent ]] || echo ' is silent; it')" "$(watch_time "$now" "${WATCH[since]}")"
  fi
}

# watch_time NOW THEN: of uptime, as a time of day.
watch_time() { TZ=UTC0 printf '%(%Y-%m-%dT%H:%M:%SZ)T\n' "$(($(seconds_now) - $1 + $2))"; }
