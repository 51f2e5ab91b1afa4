# What the lab needs of this machine: root, Debian's packages, the checkout's npm packages, the toolchain.

readonly LAB_PACKAGES=(debootstrap=debootstrap systemd-nspawn=systemd-container bindfs=bindfs rsync=rsync ip=iproute2
  ssh=openssh-client nsenter=util-linux pgrep=procps column=bsdextrautils arping=iputils-arping)

prerequisites() {
  [[ $(id -u) == 0 ]] || fail 1 "the lab boots machines and needs root; this is $(id -un)" '' "sudo -E $here/lab up"
  debian_packages "${LAB_PACKAGES[@]}"
  "$root/toolchain/npm-packages"
  "$root/toolchain/toolchain" install
}

require_lab() {
  [[ -e $LAB/cluster && -e /run/netns/$NETNS ]] ||
    fail 1 "there is no lab $NAME; expected one" '' "XCAT_HA_LAB=$NAME lab/lab up"
}
