# What stands in the way of a link, and how far a first setup has come.

# is_mount_point PATH: also by a link, and then it may be one of the share, which hangs.
is_mount_point() {
  local result=0
  share_do mountpoint -q -- "$1" 2>/dev/null || result=$?
  ((result < 124)) ||
    fail unknown "whether $1 is a mount point cannot be told on $NODE; expected to know it" \
      "no answer within $SHARE_DEADLINE s" "findmnt $1 on $NODE; when it answers, run the same command again"
  ((result == 0))
}

MOUNT_TABLE=/proc/self/mountinfo

# kernel_mounts_below DIRECTORY: a line for each place below it where the kernel shows itself (/proc, /sys, /dev): a
# genimage that was cut leaves them in a rootimg, and a copy would walk into them for hours. Asks no file system.
kernel_mounts_below() {
  local word at before own
  own=$(readlink -f -- "$1") || own=$1
  while read -ra word; do
    printf -v at %b "${word[4]//\\/\\0}"
    before=" ${word[*]} "
    before=${before#* - }
    [[ $at != "$own"/* ||
      ${before%% *} != @(proc|sysfs|devtmpfs|devpts|cgroup|cgroup2|mqueue|debugfs|securityfs|tracefs) ]] ||
      printf '%s\n' "$1${at#"$own"}"
  done <"$MOUNT_TABLE" ||
    fail unknown "what is mounted below $1 cannot be told on $NODE; expected to know it before a copy walks there" \
      "$MOUNT_TABLE cannot be read" "findmnt on $NODE; when it answers, run the same command again"
}

# directories_facts: what stands in the way of a link, and what a first setup would copy. Fills FACT:
#   mounted    directories that are mount points, and what the kernel shows of itself below one that would be copied
#   elsewhere  directories that are links to somewhere else, with where to
#   missing    directories that are neither here nor on shared data
#   both       directories that are here and on shared data
#   copy       directories that are only here, each with its size; needed: their KiB; free: the KiB that the share has
directories_facts() {
  local directory kind size below HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=()
  FACT[mounted]='' FACT[elsewhere]='' FACT[missing]='' FACT[both]='' FACT[copy]='' FACT[needed]=0
  FACT[free]=$(share_do df --output=avail -k -- "$SHARE" | tail -n 1 | tr -d ' ') ||
    fail unknown "the room on $SHARE cannot be told on $NODE; expected df to say it" "df ended with an error" \
      "df -k $SHARE on $NODE; when it answers, run the same command again"
  directories_look
  for directory in "${HERE[@]}"; do
    [[ ${LINK[$directory]:-} != "${ON_SHARE[$directory]}" ]] || continue
    kind=$(share_kind "${ON_SHARE[$directory]}") || exit
    if is_mount_point "$directory"; then
      FACT[mounted]="${FACT[mounted]:+${FACT[mounted]}, }$directory"
    elif [[ -L $directory ]]; then
      FACT[elsewhere]="${FACT[elsewhere]:+${FACT[elsewhere]}, }$directory -> $(readlink -- "$directory")"
    elif [[ $kind != absent ]]; then
      [[ ! -d $directory ]] || FACT[both]="${FACT[both]:+${FACT[both]}, }$directory"
    elif [[ ! -d $directory ]]; then
      FACT[missing]="${FACT[missing]:+${FACT[missing]}, }$directory"
    else
      below=$(kernel_mounts_below "$directory") || exit
      if [[ -n $below ]]; then
        FACT[mounted]="${FACT[mounted]:+${FACT[mounted]}, }$(one_line "$below")"
        continue
      fi
      # Counting a large /install takes minutes: the dry run does not wait for them.
      if size=$(within 20 du -sk --apparent-size -- "$directory" 2>/dev/null </dev/null); then
        size=${size%%$'\t'*}
        FACT[copy]="${FACT[copy]:+${FACT[copy]}, }$directory ($(numfmt --to=iec --from-unit=1024 "$size"))"
      else
        size=0
        FACT[copy]="${FACT[copy]:+${FACT[copy]}, }$directory (not counted within 20 s)"
      fi
      FACT[needed]=$((FACT[needed] + size))
    fi
  done
}

# shared_state: present, partial or absent: which of the directories are on shared data, complete.
shared_state() {
  local directory kind there=0 absent=0 HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=() KIND=()
  kind=$(share_kind "$(first_setup_mark)") || exit
  if [[ $kind != absent ]]; then
    printf 'partial\n'
    return 0
  fi
  directories_look
  share_kinds "${ON_SHARE[@]}"
  for directory in "${HERE[@]}"; do
    if [[ ${KIND[${ON_SHARE[$directory]}]} == directory ]]; then there=$((there + 1)); else absent=$((absent + 1)); fi
  done
  if ((absent == 0)); then printf 'present\n'; elif ((there == 0)); then printf 'absent\n'; else printf 'partial\n'; fi
}
