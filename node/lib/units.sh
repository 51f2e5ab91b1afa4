# systemd units: what is there, start and stop that tell the truth.

unit_state() { systemctl show -p ActiveState --value -- "$1.service" 2>/dev/null || printf 'unknown\n'; }

unit_exists() { [[ $(systemctl show -p LoadState --value -- "$1.service" 2>/dev/null) == loaded ]]; }

# unit_enabled UNIT: "enabled" or "not enabled". An alias or static unit does not start at boot by itself.
unit_enabled() {
  local state
  state=$(systemctl is-enabled -- "$1.service" 2>/dev/null </dev/null) || true
  case $state in
    enabled | enabled-runtime) printf 'enabled\n' ;;
    *) printf 'not enabled\n' ;;
  esac
}

# unit_evidence UNIT: its state and the end of its journal on one line.
unit_evidence() {
  printf '%s is %s; journal: ' "$1" "$(unit_state "$1")"
  journalctl -u "$1.service" -n 4 --no-pager -o cat 2>/dev/null | tr '\n' ' ' | cut -c1-500
}

# unit_start UNIT SECONDS: returns when it is active. A failed start is stopped: systemd would retry it without end,
# and it would come up later on a node that is not active any more (facts: xcatd, auto-restart).
unit_start() {
  local unit=$1 limit=$2
  systemctl reset-failed -- "$unit.service" 2>/dev/null || true
  if timeout "$limit" systemctl start -- "$unit.service" </dev/null 2>/dev/null && [[ $(unit_state "$unit") == active ]]; then
    return 0
  fi
  local evidence
  evidence=$(unit_evidence "$unit")
  timeout 60 systemctl stop -- "$unit.service" </dev/null 2>/dev/null || true
  fail incomplete "$unit did not start within $limit s; expected it active" "$evidence" \
    "journalctl -u $unit -n 50; when the cause is gone, run the same pulumi up again"
}

# unit_stop UNIT SECONDS: returns when it is inactive or failed, with no process left in its control group and no start queued.
unit_stop() {
  local unit=$1 limit=$2 state
  unit_exists "$unit" || return 0
  timeout "$limit" systemctl stop -- "$unit.service" </dev/null 2>/dev/null || true
  state=$(unit_state "$unit")
  if [[ $state != inactive && $state != failed ]] || [[ -n $(unit_processes "$unit") ]]; then
    fail blocked "$unit did not stop within $limit s: $state; expected inactive" \
      "processes $(unit_processes "$unit" | tr '\n' ' '); $(unit_evidence "$unit")" \
      "systemctl status $unit on $NODE; stop it, then run the same pulumi up again. Until then nothing starts on the other node"
  fi
}

# unit_processes UNIT: pids in its control group.
unit_processes() {
  local group
  group=$(systemctl show -p ControlGroup --value -- "$1.service" 2>/dev/null)
  [[ -n $group ]] || return 0
  cat "/sys/fs/cgroup$group/cgroup.procs" "/sys/fs/cgroup/systemd$group/cgroup.procs" 2>/dev/null || true
}

# processes_below DIRECTORY: pid and command of every process that has its working directory or an open file there, whoever started it.
# Read from /proc: fuser asks the file system and can block (design section 6).
processes_below() {
  local directory=$1 pid
  find /proc/[0-9]*/cwd /proc/[0-9]*/fd -maxdepth 1 -type l \( -lname "$directory" -o -lname "$directory/*" \) 2>/dev/null |
    cut -d/ -f3 | sort -un | while read -r pid; do
    printf '%s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-80)"
  done
}
