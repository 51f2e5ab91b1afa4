# systemd units: what is there, start and stop that tell the truth. Each function takes the manual's name of a service (node/lib/platform.sh).

unit_state() { systemctl show -p ActiveState --value -- "$(unit_of "$1").service" 2>/dev/null || printf 'unknown\n'; }

# unit_exists SERVICE: it can be started, or it runs: a unit that was masked, or whose package was removed, runs on. Where systemd does not say,
# that is an error and never "no".
unit_exists() {
  local name answer
  name=$(unit_of "$1").service
  answer=$(systemctl show -p LoadState -p ActiveState -- "$name" 2>&1 </dev/null) || answer="no answer: $answer"
  [[ $answer == *LoadState=?* && $answer == *ActiveState=?* ]] ||
    fail unknown "whether $1 is on $NODE cannot be told; expected systemd to know the unit $name" "systemctl show $name: ${answer//$'\n'/ }" \
      "systemctl show $name on $NODE; when it answers, run the same command again"
  [[ $answer == *LoadState=loaded* || $answer != *ActiveState=@(inactive|failed)* ]]
}

# unit_stopped SERVICE: neither its unit nor what belongs to it runs.
unit_stopped() {
  local processes
  [[ $(unit_state "$1") == @(inactive|failed) ]] || return
  [[ -n ${COMPANIONS[$1]:-} ]] || return 0
  processes=$(unit_processes "$1") || exit
  [[ -z $processes ]]
}

# unit_enabled SERVICE: "enabled" or "not enabled". An alias or static unit does not start at boot by itself.
unit_enabled() {
  local names state
  mapfile -t names < <(units_of "$1")
  state=$(systemctl is-enabled -- "${names[@]/%/.service}" 2>/dev/null </dev/null) || true
  if grep -qxE 'enabled(-runtime)?' <<<"$state"; then printf 'enabled\n'; else printf 'not enabled\n'; fi
}

# unit_disable SERVICE: its unit and what belongs to it start no more at boot.
unit_disable() {
  local names
  mapfile -t names < <(units_of "$1")
  systemctl disable --quiet -- "${names[@]/%/.service}" </dev/null 2>/dev/null || true
}

# unit_evidence SERVICE: its state and the end of its journal on one line.
unit_evidence() {
  printf '%s is %s; journal: ' "$1" "$(unit_state "$1")"
  journalctl -u "$(unit_of "$1").service" -n 4 --no-pager -o cat 2>/dev/null | tr '\n' ' ' | cut -c1-500
}

# unit_start SERVICE SECONDS: returns when it is active. A failed start is stopped: systemd would retry it without end,
# and it would come up later on a node that is not active any more (facts: xcatd, auto-restart). Never a database that recovers.
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
  timeout "$limit" systemctl stop -- "${names[@]/%/.service}" </dev/null 2>/dev/null || true
  state=$(unit_state "$unit")
  processes=$(unit_processes "$unit") || exit
  if [[ $state != inactive && $state != failed ]] || [[ -n $processes ]]; then
    fail blocked "$unit did not stop within $limit s: $state; expected inactive" \
      "processes ${processes//$'\n'/ }; $(unit_evidence "$unit")" \
      "systemctl status ${names[*]} on $NODE; stop it, then run the same command again. Until then nothing starts on the other node"
  fi
}

CONTROL_GROUPS=/sys/fs/cgroup

# unit_processes SERVICE: pids in the control groups of its unit and of what belongs to it, and in the groups below them: a service may make
# some of its own. Not to know them is not "none".
unit_processes() {
  local names groups group tree
  mapfile -t names < <(units_of "$1")
  groups=$(systemctl show -p ControlGroup --value -- "${names[@]/%/.service}" 2>&1 </dev/null) ||
    fail blocked "whether processes of $1 run on $NODE cannot be told; expected systemd to know its control group" "$groups" \
      "systemctl status ${names[*]} on $NODE; when it answers, run the same command again. Until then nothing starts on the other node"
  while read -r group; do
    [[ -n $group ]] || continue
    # The unified hierarchy, and systemd's own of the old ones. A group that ends while it is read had no process any more.
    for tree in "$CONTROL_GROUPS$group" "$CONTROL_GROUPS/systemd$group"; do
      [[ ! -d $tree ]] || find "$tree" -name cgroup.procs -exec cat {} + 2>/dev/null || true
    done
  done <<<"$groups"
}

# processes_below DIRECTORY: pid and command of every process that has its working directory or an open file there, whoever started it.
# Read from /proc: fuser asks the file system and can block (design section 6).
processes_below() {
  local directory=$1 pid
  # A process that ends while find looks makes it end with 1: a step down failed by that.
  { find /proc/[0-9]*/cwd /proc/[0-9]*/fd -maxdepth 1 -type l \( -lname "$directory" -o -lname "$directory/*" \) 2>/dev/null || true; } |
    cut -d/ -f3 | sort -un | while read -r pid; do
    printf '%s %s\n' "$pid" "$(process_words "$pid")"
  done
}

# process_words PID: its command line, in which PostgreSQL says what it does. One that hangs in the kernel may keep it to itself.
process_words() { { timeout -s KILL 2 tr '\0' ' ' <"/proc/$1/cmdline" | sed 's/ *$//' | cut -c1-80; } 2>/dev/null || true; }
