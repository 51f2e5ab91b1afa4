# Work that must not be cut in half: a transient systemd unit under a lock on the node. The SSH session only watches:
# when it is lost, the work goes on (docs/failover-facts.md, A session that is lost).

RUN=/run/xcat-ha
readonly RUN_UNIT=xcat-ha-run

# run VERB ARGUMENT: with the document on standard input. The same order again attaches to the one that runs;
# another order lets it end at its next step boundary and then starts.
run() {
  local order current directory REPLY document='' waited='' began=$SECONDS told=-2
  # At the console there is none.
  [[ -t 0 ]] || document=$(document_input)
  [[ -z $document ]] || document_require "$document" "$1 $2"
  install -d -m 0700 "$RUN"
  directory=$(mktemp -d "$RUN/order.XXXXXX")
  printf '%s %s\n' "$1" "$2" >"$directory/verb"
  printf '%s' "${document:+$document$'\n'}" >"$directory/document"
  order=$(cat "$directory/verb" "$directory/document" | sha256sum | cut -c1-16)
  exec 8>>"$RUN/start.lock"
  while :; do
    lock 8 "$RUN/start.lock" "the start of $1 $2"
    current=$(cat "$RUN/current" 2>/dev/null) || true
    if ! run_is_active; then
      if [[ -n $waited ]] || ((SECONDS - began >= 2)); then
        still_wanted "$directory" "what was before it has ended: $1 $2 starts"
      fi
      start_run "$order" "$directory"
      break
    elif [[ $current == "$order" ]]; then
      rm -rf -- "$directory"
      say "this order runs already: following it"
      break
    fi
    touch "$RUN/supersede"
    flock -u 8
    waited=yes
    if ((SECONDS - began >= told + 2)); then
      told=$((SECONDS - began))
      still_wanted "$directory" "$(run_sentence "$current")"
    fi
    sleep 0.1
  done
  # Opened before another order may start, which puts this run's folder away.
  exec 6<"$RUN/run.$order/log" 7<"$RUN/run.$order/exit"
  unit_shows MainPID "$RUN_UNIT.service" ||
    fail unknown \
      "which process runs the order on $NODE cannot be told; expected systemd to know $RUN_UNIT.service; it goes on" \
      "$REPLY" "run the same command again: it follows the order that runs"
  flock -u 8
  follow_run "$REPLY"
}

# run_sentence ORDER: for which order the next one waits, since when it runs, and the last line that it wrote.
run_sentence() {
  local order since line
  run_told "$1"
  printf 'waiting for %s, which runs since %s and ends before its next step%s\n' "${order:-another order}" "$since" \
    "${line:+; its last line: ${line:0:200}}"
}

# run_told ORDER: into order, since and line of the caller. It may have ended by now, and its folder be put away.
run_told() {
  local directory="$RUN/run.$1"
  order='' since='' line=''
  { read -r order <"$directory/verb" && since=$(stat -c %y -- "$directory/exit") &&
    line=$(tail -n 1 -- "$directory/log"); } 2>/dev/null || true
  since=${since#* } since=${since%.*}
}

# still_wanted DIRECTORY TEXT: says TEXT. When nobody reads it any more, as behind a lost or cancelled connection, the
# order in DIRECTORY is nobody's: it must not run later.
still_wanted() {
  (say "$2") 2>/dev/null || {
    rm -rf -- "$1"
    exit "${EXIT[superseded]}"
  }
}

# run_is_active: not to be told it is no "no", behind which the folder of the one that runs would be put away.
run_is_active() {
  local REPLY
  unit_shows ActiveState "$RUN_UNIT.service" ||
    fail unknown \
      "whether an order runs on $NODE cannot be told; expected systemd to know $RUN_UNIT.service; nothing was started" \
      "$REPLY" "systemctl show $RUN_UNIT.service on $NODE; when it answers, run the same command again"
  [[ $REPLY != @(inactive|failed) ]]
}

start_run() { # ORDER DIRECTORY
  local former
  for former in "$RUN"/run.*; do
    [[ ! -d $former ]] || rm -rf -- "$former"
  done
  rm -f -- "$RUN/supersede"
  mv -T -- "$2" "$RUN/run.$1"
  : >"$RUN/run.$1/log"
  : >"$RUN/run.$1/exit"
  printf '%s\n' "$1" >"$RUN/current"
  systemd-run --quiet --collect --unit="$RUN_UNIT" "$PROGRAM" work "$RUN/run.$1" </dev/null ||
    fail incomplete "the run could not be started by systemd-run" \
      "$(systemctl status --no-pager "$RUN_UNIT" 2>&1 | tail -n 3 | tr '\n' ' ')" "run the same pulumi up again"
}

# follow_run PID: the log that 6 reads until the run of that process ends, then the exit code that 7 reads.
follow_run() {
  local result=''
  read -r result <&7 || true
  if [[ -z $result && $1 != 0 ]]; then
    tail -n +1 -f -s 0.05 --pid="$1" <&6 2>/dev/null || true
  else
    cat <&6
  fi
  [[ -n $result ]] || read -r result <&7 || true
  [[ -n $result ]] ||
    fail incomplete "the run on $NODE ended without a result" \
      "journal: $(journalctl -u "$RUN_UNIT" -n 4 --no-pager -o cat 2>/dev/null | tr '\n' ' ')" \
      "run the same pulumi up again"
  # After the last step of a destroy nothing of ours stays.
  [[ -e $PROGRAM ]] || rm -rf -- "$RUN"
  exit "$result"
}

# work DIRECTORY: what the transient unit runs, under the lock.
work() {
  local directory=$1 verb argument result worker watcher
  read -r verb argument <"$directory/verb"
  exec 9>>"$RUN/lock"
  lock 9 "$RUN/lock" "$verb $argument" >>"$directory/log"
  (
    [[ ! -s $directory/document ]] || document_read WANT <"$directory/document"
    "verb_$verb" "$argument"
  ) >>"$directory/log" 2>&1 </dev/null &
  worker=$!
  break_silence "$worker" "$directory/log" "$verb $argument" 2>/dev/null &
  watcher=$!
  result=0
  wait "$worker" || result=$?
  kill "$watcher" || true
  wait "$watcher" 2>/dev/null || true
  # Into the file that is there: whoever follows has it open.
  printf '%s\n' "$result" >>"$directory/exit"
  # By pulumi up the change of role is the part ownerLease.
  [[ $verb != become && $argument != ownerLease ]] || notify_of_order "$verb $argument" "$result" "$directory/log"
}

# Most steps say something earlier.
SILENCE_SECONDS=10

# break_silence PID LOG WHAT: where PID has written nothing to its log for a while, every two seconds the command for
# whose end it waits: a share that hangs while it is written, a service, a copy that compares.
break_silence() {
  local size told=-1 since=$SECONDS never pid child words
  exec {never}<> <(:)
  while :; do
    read -r -t 2 -u "$never" || true
    size=$(stat -c %s -- "$2")
    if ((size != told)); then
      since=$SECONDS
    elif ((SECONDS - since >= SILENCE_SECONDS)); then
      pid=$1
      while child=$(pgrep -n -P "$pid"); do pid=$child; done
      words_look "$pid"
      words=${WORDS[$pid]:-}
      # It may have gone on meanwhile.
      [[ -z $words || $(stat -c %s -- "$2") != "$size" ]] ||
        say "$3 has said nothing for $((SECONDS - since)) s; it waits for: ${words:0:80}" >>"$2"
      size=$(stat -c %s -- "$2")
    fi
    told=$size
  done
}
