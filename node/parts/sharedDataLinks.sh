# sharedDataLinks: the five directories on shared data, linked (the manual, "Configure Shared Data", with cp, mv and
# chown corrected; docs/xcat-facts.md, Mistakes of the manual).
#
# First setup, each directory: local -> SHARE/.xcat-ha/copy-MACHINE/NAME (rsync, resumable, verified) -> SHARE/NAME
# (rename) -> local becomes local.bak -> link. What is on SHARE/NAME already is never written: there the local directory
# only steps aside.

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
    share_do stat -c '%U:%G %a' -- "$1" ||
      fail unknown "the owner of $1 cannot be told on $NODE; expected user, group and mode" \
        "stat: as the line above says" \
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
      [[ ${KIND["$directory/"]} == directory ]] || SEEN[$name]="${SEEN[$name]} (not there)"
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

# sharedDataLinks_prepare: copies ahead of the stop, while the services run, so that the outage holds only what changed
# since.
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

# link_directory DIRECTORY: the local one steps aside, the link takes its place. The first of these is the point of no
# return of a first setup.
link_directory() {
  local directory=$1 aside
  is_linked "$directory" && return 0
  if [[ -L $directory ]]; then
    rm -f -- "$directory"
  elif is_mount_point "$directory"; then
    fail misconfigured \
      "$directory is a mount point; expected a directory that can step aside for a link to $(shared_of "$directory")" \
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
    fail refused \
      "a first setup has not finished, and $NODE does not hold the owner lease; expected its end before $NODE makes \
a link: a local directory could be the truth" \
      "$(first_setup_mark): machine $by; $(lease_sentence)" \
      "pulumi up on the stack of ${LEASE[node]:-the active node}, with it as activeNode: it goes on where it ended"
  fi
  # All before the first link: a setup that fails up to here goes back by itself.
  directories_look
  share_kinds "${ON_SHARE[@]}"
  for directory in "${HERE[@]}"; do
    [[ ${KIND[${ON_SHARE[$directory]}]} == directory ]] ||
      fail misconfigured "${ON_SHARE[$directory]} is not there; expected it before $directory can be linked" \
        "$(share_do ls -A "$SHARE" 2>&1 | tr '\n' ' ')" \
        "set up the active node first" "mount the right share on $NODE"
  done
  share_remember
  for directory in "${HERE[@]}"; do
    [[ ${LINK[$directory]:-} == "${ON_SHARE[$directory]}" ]] || link_directory "$directory"
  done
  [[ $by != "$machine" ]] || rm -f -- "$(first_setup_mark)"
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
