# What the lab needs of this machine: root, Debian's packages, the checkout's npm packages, the toolchain.

readonly LAB_PACKAGES=(debootstrap=debootstrap systemd-nspawn=systemd-container bindfs=bindfs rsync=rsync ip=iproute2
  ssh=openssh-client nsenter=util-linux pgrep=procps column=bsdextrautils arping=iputils-arping)

prerequisites() {
  [[ $(id -u) == 0 ]] || {
    printf 'error: the lab boots machines and needs root; this is %s\nnext: sudo -E %s\n' "$(id -un)" "$here/lab up" >&2
    exit 1
  }
  debian_packages "${LAB_PACKAGES[@]}"
  "$root/toolchain/npm-packages"
  "$root/toolchain/toolchain" install
}

require_lab() {
  [[ -e $LAB/cluster && -e /run/netns/$NETNS ]] || {
    printf 'error: there is no lab %s; expected one\nnext: XCAT_HA_LAB=%s lab/lab up\n' "$NAME" "$NAME" >&2
    exit 1
  }
}
