# The first setup: each directory is copied to the share, verified, and placed there by a rename.

# first_setup_mark: the file that names the machine whose first setup has begun to place directories and has not linked
# all of them. Until a directory is linked its local original is the truth: a setup that was cut, rolled back and used
# again locally copies it anew.
first_setup_mark() { printf '%s/.xcat-ha/first-setup\n' "$SHARE"; }

# first_setup_by: the machine id in it, or nothing where nobody's first setup has begun.
first_setup_by() { share_text "$(first_setup_mark)" "whose first setup has begun"; }

# to_copy: the directories that must be copied: not linked, and not on shared data, or there by an unfinished setup of
# ours. Behind what stepped aside already the truth is on the share, whatever was made in its place.
to_copy() {
  local directory by kind aside HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=()
  by=$(first_setup_by) || exit
  directories_look
  for directory in "${HERE[@]}"; do
    [[ ${LINK[$directory]:-} != "${ON_SHARE[$directory]}" ]] || continue
    kind=$(share_kind "${ON_SHARE[$directory]}") || exit
    aside=$(stepped_aside "$directory") || exit
    [[ $kind != absent && ($by != "$(machine_id)" || -n $aside) ]] || printf '%s\n' "$directory"
  done
}

# place_on_share DIRECTORY AGAIN: the last copy after the stop, verified, then renamed into place. What is there already
# is touched only where AGAIN says that an unfinished setup of this machine has placed it; then it steps aside, and
# stays where it has what the local one has not.
place_on_share() {
  local directory=$1 again=$2 shared copy difference kind kept='' checksum=() options=()
  shared=$(shared_of "$directory")
  copy=$(copy_of "$directory")
  kind=$(share_kind "$shared") || exit
  if [[ $kind != absent ]]; then
    [[ -n $again ]] ||
      fail incomplete "$shared is there, and was not a moment ago; expected to place $directory; it was not touched" \
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

# placed_before_remove KEPT SHARED DIRECTORY: what an unfinished setup had placed goes where SHARED has each of its
# names.
placed_before_remove() {
  local left
  left=$(rsync -rlDn --ignore-existing --out-format=%n -- "$1/" "$2/" 2>&1 </dev/null) ||
    left="cannot be compared: $left"
  if [[ -z $left ]]; then
    rm -rf -- "$1"
    return
  fi
  say "warning: what was placed on the share before has what $3 has not: $(one_line "$(head -n 5 <<<"$left")"). It \
stays as $1: look which one is right, then rm -r it"
}
