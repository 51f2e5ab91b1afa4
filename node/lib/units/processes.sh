# The processes in the control groups of units.

CONTROL_GROUPS=/sys/fs/cgroup

# By service, when they were asked last: the control groups of its unit and of what belongs to it, a line each.
declare -gA UNIT_GROUPS=()

# groups_look SERVICE...: fills UNIT_GROUPS. Not to know them is not "none".
groups_look() {
  local service unit index names=() services=() REPLY
  UNIT_GROUPS=()
  (($#)) || return 0
  for service; do
    for unit in "${UNIT[$service]:-$service}" ${COMPANIONS[$service]:-}; do
      names+=("$unit") services+=("$service")
    done
  done
  # The name too: of one that runs nothing systemd may leave the group out.
  units_show 'Id ControlGroup' "${names[@]}" ||
    fail blocked "whether processes of $* run on $NODE cannot be told; expected systemd to know its control group" \
      "${REPLY//$'\n'/ }" \
      "systemctl status ${names[*]} on $NODE; when it answers, run the same command again. Until then nothing starts \
on the other node"
  for index in "${!names[@]}"; do UNIT_GROUPS[${services[index]}]+=${SHOWN["$index ControlGroup"]:-}$'\n'; done
}

# processes_of_groups GROUPS: pids in these control groups and in those below them: a service may make some of its own.
processes_of_groups() {
  local group tree
  while read -r group; do
    [[ -n $group ]] || continue
    # The unified hierarchy, and systemd's own of the old ones.
    for tree in "$CONTROL_GROUPS$group" "$CONTROL_GROUPS/systemd$group"; do
      [[ ! -d $tree ]] || processes_of_group "$tree" || exit
    done
  done <<<"$1"
}

# processes_of_group FOLDER: a group that ends while it is read had no process any more.
processes_of_group() {
  local pids below
  pids=$(cat -- "$1/cgroup.procs" 2>&1) || {
    # Those of a threaded group are in the list of the one above it.
    [[ -d $1 && $pids != *': Operation not supported' ]] || return 0
    fail unknown "which processes $1 has on $NODE cannot be told; expected to read its cgroup.procs" "$pids" \
      "look at it on $NODE, then run the same command again"
  }
  [[ -z $pids ]] || printf '%s\n' "$pids"
  for below in "$1"/*/; do
    [[ ! -d $below ]] || processes_of_group "${below%/}" || exit
  done
}

# unit_processes SERVICE: pids in the control groups of its unit and of what belongs to it.
unit_processes() {
  groups_look "$1"
  processes_of_groups "${UNIT_GROUPS[$1]}"
}
