# The lab's own project folder: this checkout's code, and stack files, state, keys and passphrase of its own, so that no
# lab and no test writes to a tracked file.

make_project() {
  local cluster=$1 entry name
  mkdir -p "$LAB/share" "$LAB/machines" "$LAB/project/ssh" "$LAB/project/state"
  chmod 0700 "$LAB" "$LAB/project/ssh"
  if [[ ! -e $LAB/project/cluster.yaml ]]; then
    cp -- "$cluster" "$LAB/project/cluster.yaml"
    cp -- "$cluster" "$LAB/cluster.yaml.made-from"
    node "$here/cluster.js" "$cluster" >"$LAB/cluster.new"
    mv "$LAB/cluster.new" "$LAB/cluster"
  fi
  for entry in "$root"/*; do
    name=$(basename -- "$entry")
    case $name in
      cluster.yaml | Pulumi.*.yaml | state | ssh) ;;
      *) ln -sfn -- "$entry" "$LAB/project/$name" ;;
    esac
  done
  for entry in "$root"/Pulumi.*.yaml; do
    [[ -e $LAB/project/$(basename -- "$entry") ]] || cp -- "$entry" "$LAB/project/"
  done
  [[ -e $LAB/project/ssh/id_ed25519 ]] ||
    ssh-keygen -q -t ed25519 -N '' -C "lab $NAME" -f "$LAB/project/ssh/id_ed25519" </dev/null
  [[ -e $LAB/passphrase ]] || (
    umask 077
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$LAB/passphrase"
  )
}

# require_same_cluster FILE: the machines of a lab have the addresses of the file that it was made from.
require_same_cluster() {
  [[ ! -e $LAB/cluster ]] || cmp -s -- "$1" "$LAB/cluster.yaml.made-from" ||
    another_lab "the lab $NAME is there, made from another cluster file than $1"
}

# another_lab SEEN: the lab of this name is not the one that is asked for.
another_lab() { fail 1 "$1" '' "XCAT_HA_LAB=$NAME lab/lab down, then the same command again; or another name"; }

# The pins are read from the machines' disks, not from the network, and stand under the nodes' names.
write_known_hosts() {
  local node
  for node in $(node_names); do
    printf '%s %s\n' "$node" "$(cut -d' ' -f1,2 "$(machine_folder "$node")/upper/etc/ssh/ssh_host_ed25519_key.pub")"
  done >"$LAB/project/ssh/known_hosts"
}

# in_project CMD...: as a user types it.
in_project() {
  require_lab
  eval "$("$root/toolchain/toolchain" env)"
  # Every lab has its own home of Pulumi: what one selects or locks is no business of another.
  export PULUMI_BACKEND_URL="file://$LAB/project/state" PULUMI_CONFIG_PASSPHRASE_FILE="$LAB/passphrase" \
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true
  unset SSH_AUTH_SOCK PULUMI_CONFIG_PASSPHRASE
  cd -- "$LAB/project"
  local file stack
  for file in Pulumi.*.yaml; do
    stack=${file#Pulumi.} stack=${stack%.yaml}
    [[ -e $LAB/project/state/.pulumi/stacks/xcat-ha/$stack.json ]] ||
      pulumi stack init "$stack" --no-select >/dev/null 2>&1 || true
  done
  (($#)) || set -- "${SHELL:-/bin/bash}"
  exec nsenter --net="/run/netns/$NETNS" "$@"
}
