# The image: Debian with the packages (base), and above it units, stand-ins and data (layer). Each is cached under a hash of its recipe.

# image_packages: what every machine has, and what differs between the two sets: the time service, and who configures the network.
image_packages() { cat "$here/image/packages" "$here/image/packages.$(cluster_word set)"; }

base_key() { { image_packages && cat "$here/image/build"; } | sha256sum | cut -c1-16; }

layer_key() {
  {
    base_key
    cat "$here/image/configure"
    cd -- "$here/image/files"
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c1-16
}

# image_folders: the lower folders of every machine, layer first, as overlay wants them.
image_folders() { printf '%s/lab-layer-%s:%s/lab-base-%s\n' "$CACHE" "$(layer_key)" "$CACHE" "$(base_key)"; }

# once FOLDER WHAT COMMAND...: COMMAND FOLDER.making, then renamed; two at once: the second waits.
once() {
  local folder=$1 what=$2
  shift 2
  [[ ! -d $folder ]] || return 0
  mkdir -p -- "$CACHE"
  exec 9>"$folder.lock"
  flock -n 9 || { echo "another process makes the $what; waiting for it" >&2; flock 9; }
  if [[ ! -d $folder ]]; then
    rm -rf -- "$folder.making"
    mkdir -p -- "$folder.making"
    stage "the lab's $what"
    "$@" "$folder.making" || { stage_stop; exit 1; }
    stage_done
    mv -T -- "$folder.making" "$folder"
  fi
  exec 9>&-
}

ensure_image() {
  once "$CACHE/lab-base-$(base_key)" "base image (Debian and its packages)" make_base
  once "$CACHE/lab-layer-$(layer_key)" "services and data of the machines" make_layer
}

make_base() {
  local packages
  packages=$(image_packages) || return
  read -ra packages <<<"${packages//$'\n'/ }"
  "$here/image/build" "$1" "${packages[@]}"
}

make_layer() {
  local folder=$1
  mkdir -p "$folder.work" "$folder.root"
  # In a mount namespace of its own: a failure leaves no mount behind.
  unshare --mount --propagation private bash -euc '
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$2.work" "$2.root"
    mount -t proc proc "$2.root/proc"
    cp -a --remove-destination --no-preserve=ownership "$3/files/." "$2.root/"
    cp "$3/configure" "$2.root/configure"
    chroot "$2.root" /configure
    rm "$2.root/configure"
  ' layer "$CACHE/lab-base-$(base_key)" "$folder" "$here/image" >"$folder.log" 2>&1 </dev/null ||
    { printf 'error: the layer of the lab image could not be made\nevidence: %s\nnext: read %s\n' "$(tail -n 3 "$folder.log" | tr '\n' ' ')" "$folder.log" >&2; return 1; }
  rm -rf -- "$folder.work" "$folder.root"
}
