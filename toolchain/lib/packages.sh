# Debian's packages that this machine lacks. Needs toolchain/lib/progress.sh, and CACHE, whose lock whoever installs
# holds: apt-get beside apt-get fails.

# debian_packages PROGRAM=PACKAGE...: the packages of the programs that are not there, installed as root, by one at a
# time.
debian_packages() {
  local log=${TMPDIR:-/tmp}/xcat-ha-apt.log
  local -a missing
  missing_packages "$@"
  ((${#missing[@]})) || return 0
  [[ $(id -u) == 0 ]] || {
    printf 'error: these packages are missing: %s\nnext: apt-get install -y %s\n' "${missing[*]}" "${missing[*]}" >&2
    exit 1
  }
  lock_packages
  # Whoever had the lock may have brought them.
  missing_packages "$@"
  if ((${#missing[@]})); then
    stage "installing Debian's packages ${missing[*]}"
    { apt-get update &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 \
      </dev/null 5>&- || {
      stage_stop
      printf 'error: apt-get install %s failed\nevidence: %s\nnext: install them, then run the same command again\n' \
        "${missing[*]}" "$(tail -n 2 -- "$log" | tr '\n\0' '  ')" >&2
      exit 1
    }
    stage_done
  fi
  exec 5>&-
}

# lock_packages: by the descriptor 5.
lock_packages() {
  mkdir -p -- "$CACHE"
  exec 5>>"$CACHE/packages.lock"
  flock -n 5 || {
    stage "waiting for another one that installs Debian's packages"
    flock 5
    stage_done
  }
}

# missing_packages PROGRAM=PACKAGE...: into `missing`.
missing_packages() {
  local pair
  missing=()
  for pair; do
    command -v "${pair%%=*}" >/dev/null || [[ -x /usr/sbin/${pair%%=*} ]] || missing+=("${pair#*=}")
  done
}

# unpacked_package PACKAGE: its files below CACHE/packages/PACKAGE, for a test of what a program says; nothing is
# installed.
unpacked_package() {
  local folder=$CACHE/packages/$1 part log=${TMPDIR:-/tmp}/xcat-ha-apt.log
  [[ ! -d $folder ]] || return 0
  mkdir -p -- "$CACHE/packages"
  part=$(mktemp -d "$CACHE/packages/.$1.XXXXXX")
  lock_packages
  # A machine that never installed anything has no lists.
  { fetch_unpacked "$part" "$1" || { apt-get update && fetch_unpacked "$part" "$1"; }; } >"$log" 2>&1 </dev/null 5>&- ||
    {
      rm -rf -- "$part"
      {
        printf 'error: apt-get download %s failed\nevidence: %s\n' "$1" "$(tail -n 2 -- "$log" | tr '\n\0' '  ')"
        printf 'next: apt-get update as root, then run the same command again\n'
      } >&2
      exit 1
    }
  exec 5>&-
  # Another one may have brought it.
  mv -T -- "$part/files" "$folder" 2>/dev/null || [[ -d $folder ]]
  rm -rf -- "$part"
}

# fetch_unpacked FOLDER PACKAGE: into FOLDER/files.
fetch_unpacked() { (cd -- "$1" && apt-get download "$2" && dpkg-deb -x ./*.deb files); }
