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
# and it would come up later on a node that is not active any more (facts: xcatd, auto-restart).
unit_start() {
  local unit=$1 limit=$2 name
  name=$(unit_of "$unit")
  systemctl reset-failed -- "$name.service" 2>/dev/null || true
  if timeout "$limit" systemctl start -- "$name.service" </dev/null 2>/dev/null && [[ $(unit_state "$unit") == active ]]; then
    return 0
  fi
  local evidence
  evidence=$(unit_evidence "$unit")
  timeout 60 systemctl stop -- "$name.service" </dev/null 2>/dev/null || true
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
