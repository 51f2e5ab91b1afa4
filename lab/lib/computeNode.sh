# A compute node that has existed since before: defined in xCAT's tables, it boots whenever it is asked to.

# provision NODE: its steps as a table; false when one failed. What it is comes from xCAT's own tables on the node that
# runs xcatd.
provision() {
  local node=$1 owner known rows
  owner=$(running_node) ||
    fail 1 "xcatd runs on no machine of the lab; expected one to boot $node from" '' "lab/lab status"
  # Address, MAC, VIP and domain.
  mapfile -t known < <(on "$owner" "bash -lc 'gettab node=$node hosts.ip; gettab node=$node mac.mac; \
gettab key=master site.value; gettab key=domain site.value' </dev/null")
  ((${#known[@]} == 4)) ||
    fail 64 "xCAT on $owner does not know the node '$node'; expected one with address and MAC" '' \
      "lab/lab ssh $owner bash -lc nodels"
  rows=$(with_compute_node "$node" "${known[@]}" "$owner")
  { printf 'step\tasked for\tof\tanswer\t\n' && printf '%s\n' "$rows"; } | column -t -s $'\t'
  ! grep -q $'\tfailed' <<<"$rows"
}

running_node() {
  local node
  for node in $(node_names); do
    ! machine_is_on "$node" || ! on "$node" systemctl is-active --quiet xcatd </dev/null 2>/dev/null ||
      {
        printf '%s\n' "$node"
        return 0
      }
  done
  return 1
}

# with_compute_node NODE ADDRESS MAC VIP DOMAIN OWNER: a namespace with the node's MAC on the bridge, and the image's
# own clients in it.
with_compute_node() {
  local node=$1 address=$2 mac=$3 vip=$4 domain=$5 owner=$6 own=$NETNS-$1
  # shellcheck disable=SC2064 # the name of now
  trap "remove_compute_node '$own'" EXIT
  remove_compute_node "$own"
  ip netns add "$own"
  # Names of interfaces end at 15 characters; within the lab's namespace they are the lab's own.
  in_net ip link add "on-$node" type veth peer name eth0 address "$mac" netns "$own"
  in_net ip link set "on-$node" master br0 up
  in_image "$own" /usr/local/lib/lab/compute-node "$node" "$address" "$vip" "$domain"
  ask_console "$own" "$node" "$vip" "$owner"
}

remove_compute_node() {
  [[ -e /run/netns/$1 ]] || return 0
  ip netns pids "$1" | xargs -r kill -KILL 2>/dev/null || true
  ip netns del "$1"
}

# in_image NETNS CMD...: with the image's file system, read-only, a /tmp and a /dev of its own.
in_image() {
  local netns=$1 folders
  shift
  folders=$(image_folders)
  mkdir -p -- "$LAB/image"
  nsenter --net="/run/netns/$netns" unshare --mount --propagation private bash -euc '
    mount -t overlay overlay -o "lowerdir=$1" "$2"
    mount -t tmpfs tmpfs "$2/tmp"
    mount --rbind /dev "$2/dev"
    mount -t proc proc "$2/proc"
    root=$2
    shift 2
    exec chroot "$root" "$@"
  ' image "$folders" "$LAB/image" "$@" </dev/null
}

# ask_console: somebody presses Enter on the node's console, through conserver at the VIP, and the node answers.
ask_console() {
  local own=$1 node=$2 vip=$3 owner=$4 answer verdict=ok
  # goconserver is a stand-in, which nobody can ask.
  on "$owner" test -x /usr/sbin/conserver </dev/null || return 0
  # The line stays open, as a console does: conserver gives up one that closes again and again.
  in_image "$own" busybox nc -ll -p 7001 -e /bin/sh -c "while read -r line; do echo $node login:; done" >/dev/null \
    2>&1 &
  # A conserver that was just started has no line to the node yet, and what is typed then is lost: pressed again, as a
  # person does.
  for _ in 1 2 3; do
    answer=$(on "$owner" \
      "{ sleep 1; printf '\r'; sleep 1; printf '\005c.'; } | timeout 10 console -M $vip -p 782 -f $node 2>&1" | grep \
      -o "$node login:" | head -n 1) || true
    [[ -z $answer ]] || break
  done
  [[ $answer == "$node login:" ]] || verdict="failed: expected $node login:"
  printf 'console\t%s\t%s\t%s\t%s\n' "$node" "$vip" "${answer:-nothing}" "$verdict"
}
