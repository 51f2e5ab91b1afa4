# The units of the watch.

watch_text() {
  cat <<TEXT || return
# xcat-ha: this standby node looks whether the owner of the shared data lives. Do not edit it here: \
\`pulumi up\` delivers it.
[Unit]
Description=xcat-ha: does the owner live?

TEXT
  case $1 in
    service)
      # KillMode: a look that hangs in the kernel stays behind, and systemd waits for its end before it starts the next
      # one.
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

# watch_state TIMER ENABLED SERVICE: as systemd says of its timer, and of its last look: running, absent, or what is not
# right.
watch_state() {
  local kind there=''
  for kind in service timer; do
    [[ ! -e $UNIT_FOLDER/$WATCH_UNIT.$kind ]] || there=yes
  done
  if [[ $1 != active ]]; then
    if [[ -n $there ]]; then printf '%s, with a unit file\n' "$1"; else printf 'absent\n'; fi
  elif [[ $2 != enabled ]]; then
    printf 'running, and %s at the next boot\n' "${2:-without a unit file}"
  elif [[ $3 == failed ]]; then
    printf 'running, and its last look failed\n'
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

# watch_start, watch_stop: no change of role fails for them: an owner's watch would see that it is the owner. What they
# did not do the next look at the part names.
watch_start() {
  local kind said
  # What a former watch has noted is of another time.
  rm -f -- "$RUN/watch"
  facts_keep standby || true
  for kind in service timer; do watch_text "$kind" | write_file "$UNIT_FOLDER/$WATCH_UNIT.$kind" 0644; done
  # systemd reads all its units again once, and not for each of these.
  said=$({ systemctl enable --quiet --no-reload "$WATCH_UNIT.timer" && systemctl daemon-reload &&
    systemctl restart "$WATCH_UNIT.timer"; } 2>&1 </dev/null) ||
    say "warning: $WATCH_UNIT.timer did not start: nobody is told of an owner that is silent: $(one_line "$said")"
}

watch_stop() {
  local said REPLY
  # Services wait for it: what systemd still knows of a unit without a file is no matter.
  said=$({
    systemctl disable --quiet --no-reload "$WATCH_UNIT.timer"
    systemctl stop "$WATCH_UNIT.timer" "$WATCH_UNIT.service"
  } 2>&1 </dev/null) || true
  rm -f -- "$UNIT_FOLDER/$WATCH_UNIT".{timer,service} "$RUN/watch"
  # A look that failed stays "failed" without its unit file.
  systemctl reset-failed "$WATCH_UNIT.service" 2>/dev/null </dev/null || true
  # What was not there to be stopped is no failure.
  if ! unit_shows ActiveState "$WATCH_UNIT.timer" || [[ $REPLY != @(inactive|failed) ]]; then
    say "warning: $WATCH_UNIT.timer was not stopped: $(one_line "${said:+$said; }$REPLY")"
  fi
}
