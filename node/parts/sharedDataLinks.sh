# sharedDataLinks: the five directories on shared data, linked (the manual, "Configure Shared Data", with cp, mv and chown corrected;
# docs/xcat-facts.md, Mistakes of the manual).
#
# First setup, each directory: local -> SHARE/.xcat-ha/copy-MACHINE/NAME (rsync, resumable, verified) -> SHARE/NAME (rename) ->
# local becomes local.bak -> link. What is on SHARE/NAME already is never written: there the local directory only steps aside.

# linked_directories: what they are called here; the values are by the manual's names.
linked_directories() {
  local HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=()
  directories_look
  ((${#HERE[@]} == 0)) || printf '%s\n' "${HERE[@]}"
}

# directories_look: fills HERE, the directories by their names here, in order; and by these names MANUAL, the manual's name, ON_SHARE, its place on
# the share, and LINK, where the link leads; nothing where it is none. The share is not looked at.
directories_look() {
  local name names=() paths=() links=() targets=() ORDERED index
  MANUAL=() ON_SHARE=() LINK=()
  for name in "${!WANT[@]}"; do [[ $name != /* || $name == *:* ]] || names+=("$name"); done
  mapfile -t paths < <(for name in "${names[@]}"; do path_of "$name"; done)
  in_order "${paths[@]}"
  HERE=("${ORDERED[@]}")
  for index in "${!paths[@]}"; do
    name=${paths[index]}
    MANUAL[$name]=${names[index]} ON_SHARE[$name]=${WANT[${names[index]}]#-> }
    [[ ! -L $name ]] || links+=("$name")
  done
  ((${#links[@]})) || return 0
  mapfile -t targets < <(readlink -- "${links[@]}")
  for index in "${!links[@]}"; do
    name=${links[index]}
    # One that went meanwhile, or a target with a newline.
    if ((${#targets[@]} == ${#links[@]})); then LINK[$name]=${targets[index]}; else LINK[$name]=$(readlink -- "$name") || true; fi
    [[ -n ${LINK[$name]} ]] || fail unknown "where $name leads on $NODE cannot be told; expected a link to $SHARE" "readlink: no answer" \
      "ls -l $name on $NODE, then run the same command again"
  done
}

shared_of() {
  local directory
  directory=$(manual_path "$1")
  printf '%s\n' "${WANT[$directory]#-> }"
}
copy_of() { printf '%s/.xcat-ha/copy-%s/%s\n' "$SHARE" "$(machine_id)" "$(basename "$(shared_of "$1")")"; }

is_linked() { [[ -L $1 && $(readlink -- "$1") == "$(shared_of "$1")" ]]; }

# is_mount_point PATH: also by a link, and then it may be one of the share, which hangs.
is_mount_point() {
  local result=0
  share_do mountpoint -q -- "$1" 2>/dev/null || result=$?
  ((result < 124)) || fail unknown "whether $1 is a mount point cannot be told on $NODE; expected to know it" "no answer within $SHARE_DEADLINE s" \
    "findmnt $1 on $NODE; when it answers, run the same command again"
  ((result == 0))
}

# owner_of PATH: USER:GROUP MODE, or absent.
owner_of() {
  local kind answer
  # One question where it is there.
  if answer=$(share_do stat -c '%U:%G %a' -- "$1" 2>&1); then
    printf '%s\n' "$answer"
    return 0
  fi
  kind=$(share_kind "$1") || exit
  if [[ $kind == absent ]]; then
    printf 'absent\n'
  else
    share_do stat -c '%U:%G %a' -- "$1" || fail unknown "the owner of $1 cannot be told on $NODE; expected user, group and mode" "stat: as the line above says" \
      "look at the shared data on $NODE (findmnt -T $SHARE), then run the same command again"
  fi
}

sharedDataLinks_observe() {
  local key directory name names=() HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=() KIND=()
  seen_as_told restoreFrom
  [[ $(share_state) == @(ok|is\ mounted\ read-only) ]] || share_require
  directories_look
  names=("${!LINK[@]}")
  # With a slash: what they lead to.
  share_kinds "${names[@]/%//}"
  for directory in "${HERE[@]}"; do
    name=${MANUAL[$directory]}
    if [[ -n ${LINK[$directory]:-} ]]; then
      SEEN[$name]="-> ${LINK[$directory]}"
      [[ ${KIND[$directory/]} == directory ]] || SEEN[$name]="${SEEN[$name]} (not there)"
    elif [[ -d $directory ]]; then
      SEEN[$name]="a local directory"
    elif [[ -e $directory ]]; then
      SEEN[$name]="a local file"
    else
      SEEN[$name]=absent
    fi
  done
  for key in "${!WANT[@]}"; do
    [[ $key != *:owner ]] || SEEN[$key]=$(owner_of "${WANT[${key%:owner}]#-> }") || exit
  done
}

# links_state: all, some or none of the directories are linked.
links_state() {
  local directory linked=0 other=0 HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=()
  directories_look
  for directory in "${HERE[@]}"; do
    if [[ ${LINK[$directory]:-} == "${ON_SHARE[$directory]}" ]]; then linked=$((linked + 1)); else other=$((other + 1)); fi
  done
  if ((other + linked == 0)); then printf 'unknown\n'; elif ((other == 0)); then printf 'all\n'; elif ((linked == 0)); then printf 'none\n'; else printf 'some\n'; fi
}

MOUNT_TABLE=/proc/self/mountinfo

# kernel_mounts_below DIRECTORY: a line for each place below it where the kernel shows itself (/proc, /sys, /dev): a genimage that was cut leaves
# them in a rootimg, and a copy would walk into them for hours. Asks no file system.
kernel_mounts_below() {
  local word at before own
  own=$(readlink -f -- "$1") || own=$1
  while read -ra word; do
    printf -v at %b "${word[4]//\\/\\0}"
    before=" ${word[*]} "
    before=${before#* - }
    [[ $at != "$own"/* || ${before%% *} != @(proc|sysfs|devtmpfs|devpts|cgroup|cgroup2|mqueue|debugfs|securityfs|tracefs) ]] || printf '%s\n' "$1${at#"$own"}"
  done <"$MOUNT_TABLE" || fail unknown "what is mounted below $1 cannot be told on $NODE; expected to know it before a copy walks there" "$MOUNT_TABLE cannot be read" \
    "findmnt on $NODE; when it answers, run the same command again"
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
    fail unknown "the room on $SHARE cannot be told on $NODE; expected df to say it" "df ended with an error" "df -k $SHARE on $NODE; when it answers, run the same command again"
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

# first_setup_mark: the file that names the machine whose first setup has begun to place directories and has not linked all of them.
# Until a directory is linked its local original is the truth: a setup that was cut, rolled back and used again locally copies it anew.
first_setup_mark() { printf '%s/.xcat-ha/first-setup\n' "$SHARE"; }

# first_setup_by: the machine id in it, or nothing where nobody's first setup has begun.
first_setup_by() { share_text "$(first_setup_mark)" "whose first setup has begun"; }

# shared_state: present, partial or absent: which of the directories are on shared data, complete.
shared_state() {
  local directory kind there=0 missing=0 HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=() KIND=()
  kind=$(share_kind "$(first_setup_mark)") || exit
  if [[ $kind != absent ]]; then
    printf 'partial\n'
    return 0
  fi
  directories_look
  share_kinds "${ON_SHARE[@]}"
  for directory in "${HERE[@]}"; do
    if [[ ${KIND[${ON_SHARE[$directory]}]} == directory ]]; then there=$((there + 1)); else missing=$((missing + 1)); fi
  done
  if ((missing == 0)); then printf 'present\n'; elif ((there == 0)); then printf 'absent\n'; else printf 'partial\n'; fi
}

# What rsync is told of SELinux labels, by the last labels_look.
declare -ga LABELS=()

# labels_look FROM TO: fills LABELS. Tried on the directory itself, with its label alone: all else that a file has must be kept, or the copy fails.
labels_look() {
  local result=0
  LABELS=()
  rsync -aX --filter='+x security.selinux' --filter='-x *' --exclude='*' -- "$1/" "$2/" </dev/null >/dev/null 2>&1 || result=$?
  # What fails in another way fails in the copy too, which says why.
  ((result == 23)) || return 0
  rsync -a --exclude='*' -- "$1/" "$2/" </dev/null >/dev/null 2>&1 || return 0
  # With a filter of its own for attributes rsync no more leaves out system.*, which -A copies.
  LABELS=(--filter='-x security.selinux' --filter='-x system.*')
  say "warning: $1 is copied without its SELinux labels, which $2 does not take. On the share all has the label of its mount then: ls -dZ $SHARE shows it, the mount option context= sets it; a directory that was brought home needs restorecon -R"
}

# copy_directory FROM TO [OPTION...]: owner, mode, links, times, ACLs and xattrs kept, of these SELinux labels where TO can. Progress while it runs.
copy_directory() {
  local from=$1 to=$2 result=0 said out next="when the cause is gone"
  shift 2
  mkdir -p -- "$to"
  labels_look "$from" "$to"
  exec {out}>&1
  # Its errors name the file, and the attribute that it could not be given.
  said=$({
    rsync -aHAX --numeric-ids --sparse --delete --modify-window=-1 --info=progress2 --no-inc-recursive "${LABELS[@]}" "$@" -- "$from/" "$to/" \
      </dev/null 2>&4 | copy_progress "$from" >&"$out" || exit "${PIPESTATUS[0]}"
  } 4>&1 | sed -n 1,5p) || result=$?
  exec {out}>&-
  # 24: files vanished while a service was still running; the copy after the stop gets the rest.
  [[ $result != 0 && $result != 24 ]] || return 0
  ((result != 23)) ||
    next="where an attribute or an ACL is not taken there: mount it so that it is, or take it off those files where nothing needs it (setcap -r, setfattr -x, setfacl -b)"
  fail incomplete "copying $from to $to failed: rsync ended with $result" "${said:+$(one_line "$said"); }$(share_do df -h -- "$to" 2>&1 | tail -n 1)" \
    "$next; then run the same command again: the copy goes on where it ended"
}

# copy_progress DIRECTORY: a line every two seconds out of rsync's carriage returns.
copy_progress() {
  local line told=$SECONDS
  while IFS= read -r -d $'\r' line || [[ -n $line ]]; do
    if ((SECONDS >= told + 2)); then
      say "copying $1: $line"
      told=$SECONDS
    fi
  done
}

# differences FROM TO [OPTION...]: what the copy just made would still change, at most five lines. A comparison that fails is no "same".
differences() {
  local from=$1 to=$2 found result=0
  shift 2
  found=$(rsync -aHAXni --numeric-ids --delete --modify-window=-1 "${LABELS[@]}" "$@" -- "$from/" "$to/" </dev/null 2>&1) || result=$?
  ((result == 0)) || fail incomplete "$from and $to could not be compared: rsync ended with $result; expected to know that they are the same" \
    "$(tail -n 2 <<<"$found" | tr '\n' ' ')" "when the cause is gone, run the same command again"
  head -n 5 <<<"$found"
}

# stepped_aside DIRECTORY: where its own content is, as it was before its first link; nothing where none of it stepped aside.
stepped_aside() {
  local noted directory aside
  [[ -e $RECORDS/aside ]] || return 0
  noted=$(cat -- "$RECORDS/aside" 2>&1) ||
    fail unknown "whether $1 stepped aside on $NODE cannot be told; expected to read $RECORDS/aside" "$noted" "look at it on $NODE, then run the same command again"
  while read -r directory aside; do
    [[ $directory == "$1" ]] || continue
    [[ ! -e $aside ]] || printf '%s\n' "$aside"
    return 0
  done <<<"$noted"
}

# to_copy: the directories that must be copied: not linked, and not on shared data, or there by an unfinished setup of ours. Behind what stepped
# aside already the truth is on the share, whatever was made in its place.
to_copy() {
  local directory by kind aside HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=()
  by=$(first_setup_by) || exit
  directories_look
  for directory in "${HERE[@]}"; do
    [[ ${LINK[$directory]:-} != "${ON_SHARE[$directory]}" ]] || continue
    kind=$(share_kind "${ON_SHARE[$directory]}") || exit
    aside=$(stepped_aside "$directory") || exit
    [[ $kind != absent && ( $by != "$(machine_id)" || -n $aside ) ]] || printf '%s\n' "$directory"
  done
}

# sharedDataLinks_prepare: copies ahead of the stop, while the services run, so that the outage holds only what changed since.
sharedDataLinks_prepare() {
  local directory directories kind
  install -d -m 0700 "$SHARE/.xcat-ha"
  directories=$(to_copy) || exit
  while read -r directory; do
    [[ -d $directory ]] || continue
    # What an unfinished setup has placed already is only brought up to date, after the stop.
    kind=$(share_kind "$(shared_of "$directory")") || exit
    [[ $kind != absent ]] || copy_directory "$directory" "$(copy_of "$directory")"
  done <<<"$directories"
}

# place_on_share DIRECTORY AGAIN: the last copy after the stop, verified, then renamed into place. What is there already is touched only
# where AGAIN says that an unfinished setup of this machine has placed it; then it steps aside, and stays where it has what the local one has not.
place_on_share() {
  local directory=$1 again=$2 shared copy difference kind kept='' checksum=() options=()
  shared=$(shared_of "$directory")
  copy=$(copy_of "$directory")
  kind=$(share_kind "$shared") || exit
  if [[ $kind != absent ]]; then
    [[ -n $again ]] || fail incomplete "$shared is there, and was not a moment ago; expected to place $directory; it was not touched" \
      "$kind $shared" "run the same pulumi up again"
    # Nothing local could be truer.
    [[ -d $directory ]] || return 0
    kept=$(fresh_name "$SHARE/.xcat-ha/placed-before/${shared##*/}")
    mkdir -p -- "${kept%/*}"
    lease_require "$shared"
    mv -T -- "$shared" "$kept"
    options=(--link-dest="$kept")
  fi
  # A database file can change within the same size and tick of the clock.
  [[ $(manual_path "$directory") != /var/lib/pgsql ]] || checksum=(--checksum)
  if [[ -d $directory ]]; then
    copy_directory "$directory" "$copy" "${checksum[@]}" "${options[@]}"
    difference=$(differences "$directory" "$copy" "${checksum[@]}") || exit
    [[ -z $difference ]] || fail incomplete "the copy of $directory is not the same as the original" "$difference" \
      "find out who still writes to $directory on $NODE, then run the same pulumi up again"
  else
    mkdir -p -- "$copy"
  fi
  sync -f "$copy"
  # A copy takes its time.
  lease_require "$shared"
  mv -T -- "$copy" "$shared"
  [[ -z $kept ]] || placed_before_remove "$kept" "$shared" "$directory"
}

# placed_before_remove KEPT SHARED DIRECTORY: what an unfinished setup had placed goes where SHARED has each of its names.
placed_before_remove() {
  local left
  left=$(rsync -rlDn --ignore-existing --out-format=%n -- "$1/" "$2/" 2>&1 </dev/null) || left="cannot be compared: $left"
  if [[ -z $left ]]; then
    rm -rf -- "$1"
    return
  fi
  say "warning: what was placed on the share before has what $3 has not: $(one_line "$(head -n 5 <<<"$left")"). It stays as $1: look which one is right, then rm -r it"
}

# link_directory DIRECTORY: the local one steps aside, the link takes its place. The first of these is the point of no return of a first setup.
link_directory() {
  local directory=$1 aside
  is_linked "$directory" && return 0
  if [[ -L $directory ]]; then
    rm -f -- "$directory"
  elif is_mount_point "$directory"; then
    fail misconfigured "$directory is a mount point; expected a directory that can step aside for a link to $(shared_of "$directory")" \
      "$(findmnt -no SOURCE,FSTYPE "$directory" 2>/dev/null)" "umount $directory and take it out of /etc/fstab on $NODE"
  elif [[ -e $directory ]]; then
    aside=$(fresh_name "$directory.bak")
    # Noted first: cut between the two, what is made in its place is not taken for it.
    printf '%s %s\n' "$directory" "$aside" >>"$RECORDS/aside"
    sync "$RECORDS/aside"
    mv -T -- "$directory" "$aside"
  fi
  mkdir -p -- "$(dirname "$directory")"
  ln -s -- "$(shared_of "$directory")" "$directory"
  say "$directory -> $(shared_of "$directory")"
}

# sharedDataLinks_apply: for the owner whole, on any other node only the links.
sharedDataLinks_apply() {
  local directory key shared owner machine directories again='' by copying=() HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=() KIND=()
  install -d -m 0700 "$RECORDS"
  lease_read fresh
  machine=$(machine_id)
  by=$(first_setup_by) || exit
  # Whoever started a server there: what it commits to a directory that steps aside is lost.
  directory=$(path_of /var/lib/pgsql)
  [[ -L $directory || ! -d $directory ]] || database_prove_stopped
  if [[ ${LEASE[is]} == mine ]]; then
    [[ $by != "$machine" ]] || again=yes
    directories=$(to_copy) || exit
    [[ -z $directories ]] || mapfile -t copying <<<"$directories"
    if ((${#copying[@]})); then
      by=$machine
      printf '%s\n' "$machine" >"$(first_setup_mark)"
      sync -f "$SHARE/.xcat-ha"
    fi
    for directory in "${copying[@]}"; do
      place_on_share "$directory" "$again"
    done
    for key in "${!WANT[@]}"; do
      [[ $key == *:owner ]] || continue
      shared=${WANT[${key%:owner}]#-> }
      owner=$(owner_of "$shared") || exit
      [[ $owner != "${WANT[$key]}" ]] || continue
      # Each by itself: in a list of && a failure would be swallowed.
      chown -- "${WANT[$key]% *}" "$shared"
      chmod -- "${WANT[$key]#* }" "$shared"
    done
    rm -rf -- "$SHARE/.xcat-ha/copy-$machine"
  elif [[ -n $by ]]; then
    fail refused "a first setup has not finished, and $NODE does not hold the owner lease; expected its end before $NODE makes a link: a local directory could be the truth" \
      "$(first_setup_mark): machine $by; $(lease_sentence)" "pulumi up on the stack of ${LEASE[node]:-the active node}, with it as activeNode: it goes on where it ended"
  fi
  # All before the first link: a setup that fails up to here goes back by itself.
  directories_look
  share_kinds "${ON_SHARE[@]}"
  for directory in "${HERE[@]}"; do
    [[ ${KIND[${ON_SHARE[$directory]}]} == directory ]] ||
      fail misconfigured "${ON_SHARE[$directory]} is not there; expected it before $directory can be linked" "$(share_do ls -A "$SHARE" 2>&1 | tr '\n' ' ')" \
        "set up the active node first, or mount the right share on $NODE"
  done
  share_remember
  for directory in "${HERE[@]}"; do
    [[ ${LINK[$directory]:-} == "${ON_SHARE[$directory]}" ]] || link_directory "$directory"
  done
  [[ $by != "$machine" ]] || rm -f -- "$(first_setup_mark)"
}

# dissolved_mark: names the node that took the data back to itself. From then on its local directories are the truth, and the shared ones old.
dissolved_mark() { printf '%s/.xcat-ha/dissolved\n' "$SHARE"; }

# dissolved_by: NODE TIME of who took the data home, or nothing.
dissolved_by() { share_text "$(dissolved_mark)" "who took the data home"; }

# dissolved_refuse: nobody claims what is old. By a file in the directory of the mark an NFS client asks its server (see lease_listing).
dissolved_refuse() {
  local home
  share_do bash -c 'cd -- "$1" 2>/dev/null || exit 0; probe=$(mktemp .probe.XXXXXX) && rm -f -- "$probe"' probe "$SHARE/.xcat-ha" ||
    fail unknown "$SHARE/.xcat-ha takes no file on $NODE; expected to ask the share whether the pair was dissolved" "$SHARE $(share_state)" \
      "look for a full disk or a quota on the share (df, df -i), then run the same command again"
  home=$(dissolved_by) || exit
  [[ -z $home ]] || fail refused "the pair was dissolved: ${home%% *} took the data back at ${home#* }, and what $SHARE holds is old" "$(dissolved_mark)" \
    "pulumi preview on the stack of $NODE says how to make a pair again"
}

# links_to_share: a line for each directory that leads to the shared data, by whatever name, and for the one that the server works on.
# What does not answer within the deadline leads there.
links_to_share() {
  local share path paths target pgsql=
  paths=$(directories_wanted && linked_directories) || exit
  [[ -n $paths ]] ||
    fail unknown "the directories that are linked on $NODE are not known; expected them in its description" "$CONFIGURATION/description" "run the same command again; if it stays, this is a defect of xcat-ha"
  share=$(share_do readlink -m -- "$SHARE") || share=$SHARE
  while read -r path; do
    target=$(share_do readlink -m -- "$path") || target="$share, as far as can be told"
    [[ $target == "$share" || $target == "$share"[/,]* ]] || continue
    [[ $(manual_path "$path") != /var/lib/pgsql ]] || pgsql=told
    printf '%s -> %s\n' "$path" "$target"
  done <<<"$paths"
  [[ -z $pgsql ]] || return 0
  path=$(path_of /var/lib/pgsql/data)
  target=$(share_do readlink -m -- "$path") || target="$share, as far as can be told"
  [[ $target != "$share"[/,]* ]] || printf '%s -> %s\n' "$path" "$target"
}

# take_home: copies of the shared directories beside their links, and the mark on the share. Under the final epoch until the mark is there:
# nobody else can claim meanwhile, and nothing starts. A run that was cut goes on.
take_home() {
  local directory directories difference links data shared checksum=()
  links=$(links_state) || exit
  shared=$(share_do readlink -m -- "$(shared_of /var/lib/pgsql)") || exit
  data=$(share_do readlink -m -- "$(path_of /var/lib/pgsql/data)") || exit
  # The mark makes all of the share old.
  [[ $links == all && $data == "$shared"/?* ]] ||
    fail misconfigured "not all shared directories are linked on $NODE as they should be ($links), or the data directory is not among them ($data); expected all before they are taken home; nothing was copied" \
      "$(one_line "$(links_to_share)")" "pulumi up on the stack of $NODE corrects the links, then run the same pulumi destroy again"
  virtualIp_free_require
  lease_claim_final
  directories=$(linked_directories) || exit
  while read -r directory; do
    checksum=()
    [[ $(manual_path "$directory") != /var/lib/pgsql ]] || checksum=(--checksum)
    copy_directory "$(shared_of "$directory")" "$directory.xcat-ha-copy" "${checksum[@]}"
    difference=$(differences "$(shared_of "$directory")" "$directory.xcat-ha-copy" "${checksum[@]}") || exit
    [[ -z $difference ]] || fail incomplete "the copy of $(shared_of "$directory") is not the same as the original; $directory stays a link" "$difference" \
      "find out who still writes to it, then run the same pulumi destroy again"
    # Before the mark: behind it they are the truth.
    sync -f "$directory.xcat-ha-copy"
  done <<<"$directories"
  dissolved_publish
}

# dissolved_publish: and read back, because all that follows rests on it.
dissolved_publish() {
  local home
  printf '%s %s\n' "$NODE" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" | share_publish .xcat-ha dissolved || true
  home=$(dissolved_by) || exit
  [[ ${home%% *} == "$NODE" ]] || fail incomplete "the share did not take the mark that its data is old; expected it before the data is used at home; the links are as they were" \
    "$(dissolved_mark): ${home:-absent}; $SHARE $(share_state)" "look for a full disk or a quota on the share (df, df -i), then run the same pulumi destroy again"
}

# put_home: each copy in the place of its link. The directories that stepped aside at the first setup stay where they are.
put_home() {
  local directory directories copy
  directories=$(linked_directories) || exit
  while read -r directory; do
    [[ -n $directory ]] || continue
    copy=$directory.xcat-ha-copy
    if is_linked "$directory"; then
      [[ -d $copy ]] || fail incomplete "$directory is a link to data that was taken home, and $copy is not there; expected the copy" "$(dissolved_mark): $(dissolved_by)" \
        "put a directory of $NODE in its place, then run the same pulumi destroy again"
      rm -f -- "$directory"
    fi
    # Also where a run was cut between the link and its copy.
    [[ -d $copy && ! -L $directory && ! -e $directory ]] || continue
    mv -T -- "$copy" "$directory"
    say "$directory is local again, as it was on shared data"
  done <<<"$directories"
  lease_finish_release "$(database_state)"
}

# copies_left: what was taken home and is not in its place.
copies_left() {
  local directories directory
  directories=$(directories_wanted && linked_directories) || exit
  while read -r directory; do
    [[ ! -e $directory.xcat-ha-copy ]] || printf '%s.xcat-ha-copy\n' "$directory"
  done <<<"$directories"
}

# virtualIp_free_require: a node that takes production home answers for the VIP, or its services could not start again.
virtualIp_free_require() {
  local answer
  answer=$(virtual_ip_answer) || exit
  [[ $answer != @(arping|no\ route)\ * ]] || fail unknown "whether another machine has the VIP $VIP cannot be told; expected to know that nobody has before $NODE is the single node" \
    "$answer" "look at the interface of the VIP on $NODE (ip link, ip route), then run the same pulumi destroy again"
  [[ $answer == free || $answer == here ]] || fail refused "another machine answers for the VIP $VIP; expected nobody, so that $NODE can be the single node" "$answer" \
    "ip addr del $VIP there, then run the same pulumi destroy again"
}

virtualIp_stays() {
  virtualIp_free_require
  load_values active virtualIp
  virtualIp_is_here || virtualIp_add
  say "the VIP $VIP is here until the next boot: make it a persistent address of ${WANT[interface]}"
}

# put_aside_back: the directories that stepped aside come back, each as it was before its first link: what stepped aside later was put over it.
put_aside_back() {
  local directory directories aside
  directories=$(linked_directories) || exit
  while read -r directory; do
    [[ -n $directory ]] || continue
    aside=$(stepped_aside "$directory") || exit
    # Also where a run was cut between the two.
    is_linked "$directory" || [[ -n $aside && ! -L $directory && ! -e $directory ]] || continue
    if [[ -n $aside ]]; then
      rm -f -- "$directory"
      mv -T -- "$aside" "$directory"
      say "$directory is local again"
    else
      say "$directory stays a link to $(shared_of "$directory"): there is no local copy to put back"
    fi
  done <<<"$directories"
}

# sharedDataLinks_remove: the local directories come back; shared data is never touched.
sharedDataLinks_remove() {
  local linked home
  linked=$(links_to_share) || exit
  home=$(dissolved_by) || exit
  [[ -z $linked || -n $home || ${WANT[restoreFrom]} != shared ]] || last_owner_require
  # What a link leads to is in nobody's use when the link goes.
  [[ -z $linked ]] || {
    quiesce
    prove_stopped
    require_disabled
  }
  # Where the data is home already it is that which counts, whatever was asked for.
  if [[ ${home%% *} == "$NODE" ]]; then
    put_home
  elif [[ -n $home || -z $linked || ${WANT[restoreFrom]} != shared ]]; then
    put_aside_back
  else
    take_home
    put_home
  fi
}

require_disabled() {
  local unit
  for unit in "${UNITS[@]}"; do
    [[ $(unit_enabled "$unit") == 'not enabled' ]] ||
      fail blocked "$unit starts at the next boot of $NODE; expected it disabled before $NODE is let go" "systemctl is-enabled $unit" "systemctl disable $unit on $NODE, then run the same command again"
  done
}
