# The timer of the beat.

readonly BEAT_UNIT=xcat-ha-beat
readonly BEAT_SECONDS=10
readonly DEMOTION_SECONDS=30
# Between two looks at the share lie the rest of a beat, a demotion that waits, and the timer. Where it is more nobody
# looked.
readonly BEAT_GAP_SECONDS=60

beat_start() {
  beat_stop
  lease_require "the beat"
  # A loss that a former beat has counted is over: the lease was just read.
  rm -f -- "$RUN/share-lost" "$RUN/step-down-blocked"
  # KillMode: a look that hangs in the kernel stays behind, and systemd waits for its end before it starts the next
  # beat.
  systemd-run --quiet --unit="$BEAT_UNIT" --on-active=1s --on-unit-active="${BEAT_SECONDS}s" \
    --timer-property=AccuracySec=1s --property=KillMode=process "$PROGRAM" beat </dev/null ||
    fail incomplete "the beat could not be started by systemd-run" \
      "$(systemctl status --no-pager "$BEAT_UNIT.timer" 2>&1 | tail -n 3 | tr '\n' ' ')" "run the same pulumi up again"
}

# beat_stop: the service too, and what is left of a failed one: systemd-run makes no unit of a name that is there.
beat_stop() {
  systemctl stop "$BEAT_UNIT.timer" "$BEAT_UNIT.service" 2>/dev/null </dev/null || true
  systemctl reset-failed "$BEAT_UNIT.service" 2>/dev/null </dev/null || true
  beat_observe
  [[ ${SEEN[timer]} == absent ]] ||
    fail blocked "the beat still runs on $NODE; expected it stopped: it stops what runs without the owner lease" \
      "$(systemctl status --no-pager "$BEAT_UNIT.timer" 2>&1 | tail -n 3 | tr '\n' ' ')" \
      "systemctl stop $BEAT_UNIT.timer on $NODE, then run the same command again"
}
