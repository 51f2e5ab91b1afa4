# The image: Debian with the packages (base), and above it units, stand-ins and data (layer). Each is cached under a
# hash of its recipe.

# image_packages: what every machine has, and what differs between the two sets: the time service, and who configures
# the network.
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

ensure_image() {
  local base layer
  base=$CACHE/lab-base-$(base_key)
  layer=$CACHE/lab-layer-$(layer_key)
  once "$base" "$base.lock" "the lab's base image (Debian and its packages)" made_aside "$base" make_base
  once "$layer" "$layer.lock" "the lab's services and data of the machines" made_aside "$layer" make_layer
}

# made_aside FOLDER COMMAND: COMMAND FOLDER.making, then renamed: a FOLDER is whole.
made_aside() {
  rm -rf -- "$1.making"
  mkdir -p -- "$1.making"
  "$2" "$1.making"
  mv -T -- "$1.making" "$1"
}

make_base() {
  local packages
  packages=$(image_packages)
  read -ra packages <<<"${packages//$'\n'/ }"
  # It says itself what failed.
  "$here/image/build" "$1" "${packages[@]}" || {
    stage_stop
    exit 1
  }
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
    fail 1 "the layer of the lab image could not be made" "$(last_lines "$folder.log")" "read $folder.log"
  rm -rf -- "$folder.work" "$folder.root"
}
