# What the lab needs of this machine: root, Debian's packages, the checkout's npm packages, the toolchain.

readonly -A PACKAGE_OF=([debootstrap]=debootstrap [systemd-nspawn]=systemd-container [bindfs]=bindfs [rsync]=rsync [ip]=iproute2
  [ssh]=openssh-client [nsenter]=util-linux [pgrep]=procps [column]=bsdextrautils [arping]=iputils-arping)

prerequisites() {
  local tool missing=()
  [[ $(id -u) == 0 ]] || {
    printf 'error: the lab boots machines and needs root; this is %s\nnext: sudo -E %s\n' "$(id -un)" "$here/lab up" >&2
    exit 1
  }
  for tool in "${!PACKAGE_OF[@]}"; do
    command -v "$tool" >/dev/null || missing+=("${PACKAGE_OF[$tool]}")
  done
  if ((${#missing[@]})); then
    stage "installing Debian's packages ${missing[*]}"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"${TMPDIR:-/tmp}/xcat-ha-apt.log" 2>&1 </dev/null ||
      { stage_stop; printf 'error: apt-get install %s failed\nevidence: %s\nnext: install them, then run the same command again\n' "${missing[*]}" "$(tail -n 2 "${TMPDIR:-/tmp}/xcat-ha-apt.log" | tr '\n' ' ')" >&2; exit 1; }
    stage_done
  fi
  "$root/toolchain/npm-packages"
  "$root/toolchain/toolchain" install
}

require_lab() {
  [[ -e $LAB/cluster && -e /run/netns/$NETNS ]] || {
    printf 'error: there is no lab %s; expected one\nnext: XCAT_HA_LAB=%s lab/lab up\n' "$NAME" "$NAME" >&2
    exit 1
  }
}
