# Whether the share can be used now, and whether it is one that two nodes may write.

# share_state: "ok", or why the share cannot be used.
share_state() {
  local directory_device root_device options known found
  directory_device=$(share_do stat -c %d -- "$SHARE" 2>/dev/null) || {
    if [[ $? -ge 124 ]]; then
      printf 'hangs: no answer within %s s\n' "$SHARE_DEADLINE"
    else
      printf 'cannot be read\n'
    fi
    return 0
  }
  root_device=$(stat -c %d / 2>&1) || {
    printf 'cannot be told from the root file system: %s\n' "$root_device"
    return 0
  }
  if [[ $directory_device == "$root_device" ]]; then
    printf 'is not mounted: it is a directory of the root file system\n'
    return 0
  fi
  options=$(share_do findmnt -no OPTIONS -T "$SHARE" 2>/dev/null) || {
    if [[ $? -ge 124 ]]; then
      printf 'hangs: no answer within %s s\n' "$SHARE_DEADLINE"
    else
      printf 'does not say how it is mounted\n'
    fi
    return 0
  }
  if [[ ,${options##*$'\n'}, == *,ro,* ]]; then
    printf 'is mounted read-only\n'
    return 0
  fi
  if [[ ! -s $RECORDS/share-id ]]; then
    printf 'ok\n'
    return 0
  fi
  known=$(cat -- "$RECORDS/share-id" 2>&1) || {
    printf 'cannot be told from another one: %s\n' "$known"
    return 0
  }
  found=$(share_id) || {
    printf 'does not say which one it is: %s\n' "$found"
    return 0
  }
  if [[ $found != "$known" ]]; then
    printf 'is another one than %s was set up with: its id is %s, expected %s\n' "$NODE" "${found:-missing}" "$known"
    return 0
  fi
  printf 'ok\n'
}

# share_require: what is asked of a share that does not answer is unknown, never "not there".
share_require() {
  local state
  state=$(share_state) || state='cannot be told'
  [[ $state == ok ]] ||
    fail unknown "$SHARE on $NODE $state; expected the shared data, mounted and writable" "stat and findmnt -T $SHARE" \
      "mount the shared data on $NODE, then run the same command again"
}

# File systems that one kernel writes: on a disk that two nodes see, the second one destroys what is there.
ONE_KERNEL='@(ext[234]|xfs|btrfs|bcachefs|f2fs|jfs|reiserfs|zfs|tmpfs|ramfs|overlay'
ONE_KERNEL+='|vfat|msdos|exfat|ntfs|ntfs3|fuseblk)'
readonly ONE_KERNEL
# Options with which a lock of one node is none on the other, by file system.
LOCAL_LOCKS='@(nfs*:nolock|nfs*:local_lock=@(all|flock|posix)|lustre:localflock|ocfs2:localflocks'
LOCAL_LOCKS+='|gfs2:localflocks|gfs2:lockproto=lock_nolock)'
readonly LOCAL_LOCKS
# NFS's default for a directory: for longer no node may believe what it saw last of the other one's files.
readonly CACHE_SECONDS=60

# mount_state: "ok", or why what is mounted there is no share of two nodes. Not asked of an owner that runs: what runs
# there runs already.
mount_state() {
  local answer kind options source target own option mounted=() lost='' local_locks='' stale=''
  { answer=$(share_do findmnt -rno FSTYPE,OPTIONS,SOURCE,TARGET -T "$SHARE" 2>&1) &&
    own=$(share_do readlink -m -- "$SHARE"); } ||
    fail unknown "how $SHARE is mounted on $NODE cannot be told; expected a share that two nodes may write" \
      "${answer:-no answer within $SHARE_DEADLINE s}" \
      "findmnt -T $SHARE on $NODE; when it answers, run the same command again"
  read -r kind options source target <<<"${answer##*$'\n'}"
  # Blanks and the like are written as \x20.
  source=${source//'%'/%%} target=${target//'%'/%%}
  # shellcheck disable=SC2059 # what it is for
  printf -v target "$target" && printf -v source "$source"
  # shellcheck disable=SC2053 # a pattern
  if [[ $kind == $ONE_KERNEL && $target != "$own" ]]; then
    printf 'is not mounted: it is a directory of the file system at %s (%s)\n' "$target" "$kind"
    return 0
  elif [[ $kind == $ONE_KERNEL ]]; then
    printf 'is %s on %s, which one node alone may have mounted\n' "$kind" "$source"
    return 0
  fi
  IFS=, read -ra mounted <<<"$options"
  for option in "${mounted[@]}"; do
    [[ $kind:$option != nfs*:@(soft|softerr) ]] || lost=$option
    # shellcheck disable=SC2053 # a pattern
    [[ $kind:$option != $LOCAL_LOCKS ]] || local_locks+=" $option"
    [[ ! $kind:$option =~ ^nfs.*:(nocto|ac(reg|dir)max=([0-9]+))$ ]] ||
      ((${BASH_REMATCH[3]:-CACHE_SECONDS + 1} <= CACHE_SECONDS)) || stale+=" $option"
  done
  if [[ -n $lost ]]; then
    printf 'is mounted with %s: what a slow server does not take in time is lost\n' "$lost"
  elif [[ -n $local_locks ]]; then
    printf 'is mounted with%s: a lock of one node is none on the other\n' "$local_locks"
  elif [[ -n $stale ]]; then
    printf 'is mounted with%s: what one node writes the other one sees too late\n' "$stale"
  else
    printf 'ok\n'
  fi
}
