# The directories of a node that is let go: its own come back, or what the share holds goes home.

# take_home: copies of the shared directories beside their links, and the mark on the share. Under the final epoch until
# the mark is there: nobody else can claim meanwhile, and nothing starts. A run that was cut goes on.
take_home() {
  local directory directories difference links data shared checksum=()
  links=$(links_state) || exit
  shared=$(share_do readlink -m -- "$(shared_of /var/lib/pgsql)") || exit
  data=$(share_do readlink -m -- "$(path_of /var/lib/pgsql/data)") || exit
  # The mark makes all of the share old.
  [[ $links == all && $data == "$shared"/?* ]] ||
    fail misconfigured \
      "not all shared directories are linked on $NODE as they should be ($links), or the data directory is not \
among them ($data); expected all before they are taken home; nothing was copied" \
      "$(one_line "$(links_to_share)")" \
      "pulumi up on the stack of $NODE corrects the links, then run the same pulumi destroy again"
  virtualIp_free_require
  lease_claim_final
  directories=$(linked_directories) || exit
  while read -r directory; do
    checksum=()
    [[ $(manual_path "$directory") != /var/lib/pgsql ]] || checksum=(--checksum)
    copy_directory "$(shared_of "$directory")" "$directory.xcat-ha-copy" "${checksum[@]}"
    difference=$(differences "$(shared_of "$directory")" "$directory.xcat-ha-copy" "${checksum[@]}") || exit
    [[ -z $difference ]] ||
      fail incomplete "the copy of $(shared_of "$directory") is not the same as the original; $directory stays a link" \
        "$difference" "find out who still writes to it, then run the same pulumi destroy again"
    # Before the mark: behind it they are the truth.
    sync -f "$directory.xcat-ha-copy"
  done <<<"$directories"
  dissolved_publish
}

# put_home: each copy in the place of its link. The directories that stepped aside at the first setup stay where they
# are.
put_home() {
  local directory directories copy
  directories=$(linked_directories) || exit
  while read -r directory; do
    [[ -n $directory ]] || continue
    copy=$directory.xcat-ha-copy
    if is_linked "$directory"; then
      [[ -d $copy ]] ||
        fail incomplete "$directory is a link to data that was taken home, and $copy is not there; expected the copy" \
          "$(dissolved_mark): $(dissolved_by)" \
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

# put_aside_back: the directories that stepped aside come back, each as it was before its first link: what stepped aside
# later was put over it.
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
