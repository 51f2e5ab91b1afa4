# The machines of one lab: made once, switched on and off.

in_net() { nsenter --net="/run/netns/$NETNS" "$@"; }

machine_folder() { printf '%s/machines/%s\n' "$LAB" "$1"; }

node_names() { sed -n 's/^node \([^ ]*\) .*/\1/p' "$LAB/cluster"; }

cluster_word() { sed -n "s/^$1 //p" "$LAB/cluster"; }

require_node() {
  node_names | grep -qxF -- "${1:-}" ||
    fail 64 "no machine '${1:-}' in the lab $NAME; expected one of $(node_names | paste -sd' ')" '' \
      "lab/lab up, or another name"
}

# Its supervisor removes the file at any time, and bash 5.2 ends the whole script at a $(<file) that is gone, in a
# condition too.
machine_is_on() {
  local leader
  { read -r leader <"$(machine_folder "$1")/leader"; } 2>/dev/null && kill -0 "$leader" 2>/dev/null
}

require_on() { machine_is_on "$1" || fail 1 "$1 is off; expected a machine that is on" '' "lab/lab boot $1"; }

make_network() {
  [[ ! -e /run/netns/$NETNS ]] || return 0
  ip netns add "$NETNS"
  in_net ip link set lo up
  in_net ip link add br0 type bridge
  # The address of the workstation and the client; the manual's gateway and NTP server.
  in_net ip addr add "10.0.0.103/$(cluster_word prefix)" brd + dev br0
  in_net ip link set br0 up
}

# make_machine NODE ADDRESS KIND: its disk, before the first boot.
make_machine() {
  local node=$1 address=$2 kind=$3 folder upper other
  folder=$(machine_folder "$node")
  [[ ! -e $folder/made ]] || return 0
  rm -rf -- "$folder"
  mkdir -p "$folder/upper" "$folder/work" "$folder/root"
  # The disk goes on with the image that it was made on, whatever the checkout says later.
  image_folders >"$folder/lower"
  upper=$folder/upper
  unshare --mount --propagation private bash -euc '
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
    cp "$3/image/provision" "$2/root/provision"
    chroot "$2/root" /provision "$4" "$5" "$6"
    rm "$2/root/provision"
  ' provision "$(<"$folder/lower")" "$folder" "$here" "$kind" "$(cluster_word console)" "$address" \
    >"$folder/provision.log" 2>&1 </dev/null ||
    fail 1 "the machine $node could not be made" "$(last_lines "$folder/provision.log")" "read $folder/provision.log"
  mkdir -p "$upper/etc/ssh" "$upper/root/.ssh"
  printf '%s\n' "$node" >"$upper/etc/hostname"
  od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$upper/etc/machine-id"
  ssh-keygen -q -t ed25519 -N '' -C "$node" -f "$upper/etc/ssh/ssh_host_ed25519_key" </dev/null
  configure_interface "$upper" "$address"
  {
    printf '127.0.0.1 localhost\n'
    while read -r _ other address kind; do
      printf '%s %s %s.cluster.com\n' "$address" "$other" "$other"
    done < <(grep '^node ' "$LAB/cluster")
    printf '10.5.106.101 cn1 cn1.cluster.com\n10.5.106.102 cn2 cn2.cluster.com\n'
  } >"$upper/etc/hosts"
  install -m 0600 "$LAB/project/ssh/id_ed25519.pub" "$upper/root/.ssh/authorized_keys"
  touch "$folder/made"
}

# configure_interface ROOT ADDRESS: by the tool of the set.
configure_interface() {
  local interface folder
  interface=$(cluster_word interface)
  if [[ $(cluster_word set) == second ]]; then
    folder=$1/etc/NetworkManager/system-connections
    mkdir -p "$folder"
    {
      printf '[connection]\nid=management\ntype=ethernet\ninterface-name=%s\n\n' "$interface"
      printf '[ipv4]\nmethod=manual\naddress1=%s/%s\n\n' "$2" "$(cluster_word prefix)"
      printf '[ipv6]\nmethod=link-local\n'
    } >"$folder/management.nmconnection"
    chmod 0600 "$folder/management.nmconnection"
  else
    mkdir -p "$1/etc/network"
    {
      printf 'auto lo\niface lo inet loopback\n\n# the management network\nauto %s\n' "$interface"
      printf 'iface %s inet static\n    address %s\n    netmask %s\n' \
        "$interface" "$2" "$(cluster_word netmask)"
    } >"$1/etc/network/interfaces"
  fi
}

# machine_number NODE: its end of the cable at the bridge is called lab and that.
machine_number() { node_names | grep -nxF -- "$1" | cut -d: -f1; }

boot_machine() {
  local node=$1 number folder
  folder=$(machine_folder "$node")
  machine_is_on "$node" && return 0
  number=$(machine_number "$node") || return
  # No descriptor of ours: a machine must not hold the lock or the pipe of who started it.
  setsid nsenter --net="/run/netns/$NETNS" unshare --mount --propagation private \
    "$here/machine" "$LAB" "$node" "$number" "$(cluster_word interface)" "$(cluster_word share)" "$(<"$folder/lower")" \
    </dev/null >>"$folder/machine.log" 2>&1 9>&- &
}

# boots NODE: switched on, and it answers. Asked again and again: a machine that was just going down is switched on when
# it is down.
boots() { boot_machine "$1" && answers "$1"; }

cut_machine() {
  [[ -d $(machine_folder "$1") ]] || return 0
  touch "$(machine_folder "$1")/off"
  wait_until 120 "the machine $1 to be off" killed "$1"
}

# killed NODE: SIGKILL to its init until its supervisor has ended. Killing nspawn would leave the machine running.
killed() {
  local folder pid
  folder=$(machine_folder "$1")
  # bindfs too: a share that hangs must not keep the machine from dying.
  for pid in leader bindfs; do
    pkill -KILL -F "$folder/$pid" 2>/dev/null || true
  done
  supervisor_ended "$1" && swept "$1"
}

# swept NODE: nothing is left in the machine's control groups, and they are gone: also where its supervisor died before
# it. '*' is every machine of this lab.
swept() {
  local group left=0
  # shellcheck disable=SC2231 # a pattern
  for group in /sys/fs/cgroup/{,systemd/,unified/}xcat-ha."$NAME".$1; do
    [[ -d $group ]] || continue
    find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    [[ ! -d $group ]] || left=1
  done
  return "$left"
}

supervisor_ended() { flock -n "$(machine_folder "$1")/supervisor.lock" true; }

wait_until() { # SECONDS WHAT COMMAND...
  local limit=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < limit)) || fail 1 "waited in vain for $what" '' "lab/lab status; the logs lie in $LAB/machines"
    sleep 0.05
  done
}

# address_of NODE: the one of its addresses in the cluster file that it has now, its static address first; else, where a
# test has given it another one, the first that it has. Looked up in the machine's own namespace: to try each by SSH
# took longer than what it was asked for.
address_of() {
  local node=$1 address leader found
  leader=$(cat "$(machine_folder "$node")/leader" 2>/dev/null) &&
    found=$(nsenter --net="/proc/$leader/ns/net" ip -o -4 addr show 2>/dev/null) || return 1
  for address in $(sed -n "s/^address $node //p" "$LAB/cluster"); do
    if grep -qF " inet $address/" <<<"$found"; then
      printf '%s\n' "$address"
      return 0
    fi
  done
  awk -v interface="$(cluster_word interface)" \
    '$2 == interface { sub(/\/.*/, "", $4); print $4; found = 1; exit } END { exit !found }' <<<"$found"
}

answers() {
  local address
  address=$(address_of "$1") &&
    in_net ssh "${SSH_OPTIONS[@]}" -o HostKeyAlias="$1" -o ConnectTimeout=3 "root@$address" true </dev/null 2>/dev/null
}

# machine_processes NODE: pids of everything in its control groups that is in its init's pid namespace: not nspawn,
# which has to see a power cut.
machine_processes() {
  local space group pids=()
  space=$(readlink "/proc/$(<"$(machine_folder "$1")/leader")/ns/pid") || return
  for group in /sys/fs/cgroup/{,systemd/,unified/}xcat-ha."$NAME.$1"; do
    [[ ! -d $group ]] ||
      mapfile -t -O "${#pids[@]}" pids < <(find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null)
  done
  pids=("${pids[@]/#//proc/}")
  # One that has just ended has none any more.
  { find "${pids[@]/%//ns/pid}" -maxdepth 0 -printf '%l %p\n' 2>/dev/null || true; } |
    awk -v space="$space" '$1 == space { split($2, part, "/"); print part[3] }' | sort -un
}

hang_machine() { wait_until 60 "every process of $1 to stand still" stands_still "$1"; }

# stands_still NODE: each was stopped, and none has come meanwhile. What waits in the kernel goes on no further than to
# its way out.
stands_still() {
  local pids
  pids=$(machine_processes "$1") && [[ -n $pids ]] || return
  # shellcheck disable=SC2086 # a list of pids
  kill -STOP $pids 2>/dev/null || true
  [[ $(machine_processes "$1") == "$pids" ]] && ! ps -o stat= -p "${pids//$'\n'/,}" | grep -q '^[RS]'
}

resume_machine() {
  local pids
  pids=$(machine_processes "$1")
  # shellcheck disable=SC2086 # a list of pids
  kill -CONT $pids
}

net_action() { # NODE ACTION
  local port
  port=lab$(machine_number "$1")
  case $2 in
    cut) in_net ip link set "$port" down ;;
    mend)
      in_net ip link set "$port" up
      wait_until 60 "the cable of $1 to be heard" port_forwards "$port"
      ;;
    *) fail 64 "net $1: unknown action '$2'; expected cut or mend" '' "lab/lab help" ;;
  esac
}

port_forwards() { [[ $(in_net bridge link show dev "$1") == *' state forwarding '* ]]; }

share_action() { # NODE ACTION
  local folder pid
  folder=$(machine_folder "$1")
  # nsenter execs bash and bindfs: the pid stays.
  pid=$(cat "$folder/bindfs" 2>/dev/null || true)
  case $2 in
    hang | resume | break)
      [[ $(share_state "$1") != broken ]] ||
        fail 1 "the share of $1 is broken; expected one that is mounted" '' "lab/lab share $1 mend"
      ;;&
    hang) kill -STOP "$pid" ;;
    resume) kill -CONT "$pid" ;;
    break) kill -KILL "$pid" ;;
    mend)
      kill -CONT "$pid" 2>/dev/null || true
      [[ $(share_state "$1") != broken ]] || mend_share "$1" "$folder"
      ;;
    *) fail 64 "share $1: unknown action '$2'; expected hang, resume, break or mend" '' "lab/lab help" ;;
  esac
}

# share_state NODE: ok, hangs or broken, from the state of its bindfs: to look at the share itself could hang.
share_state() {
  local state
  state=$(ps -o stat= -p "$(cat "$(machine_folder "$1")/bindfs" 2>/dev/null || echo 0)" 2>/dev/null || true)
  case $state in T*) echo hangs ;; '' | Z*) echo broken ;; *) echo ok ;; esac
}

mend_share() {
  local folder=$2 leader
  leader=$(<"$folder/leader")
  # umount asks /proc/self, which is only there for a process of the machine's pid namespace.
  nsenter --target="$leader" --pid --mount --root umount -l "$(cluster_word share)" 2>/dev/null || true
  setsid nsenter --mount="/proc/$leader/ns/mnt" --root="/proc/$leader/root" bindfs -f -o \
    attr_timeout=0,entry_timeout=0 /run/lab-share "$(cluster_word share)" </dev/null >>"$folder/bindfs.log" 2>&1 9>&- &
  echo $! >"$folder/bindfs"
  wait_until 60 "the share of $1" share_is_mounted "$leader"
}

share_is_mounted() { nsenter --target="$1" --pid --mount --root mountpoint -q "$(cluster_word share)"; }
