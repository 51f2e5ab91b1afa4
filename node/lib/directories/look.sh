# The directories that are linked to the shared data: where each is here, and where its link leads.

directories_wanted() {
  local directory shared
  WANT=()
  while read -r directory shared; do
    [[ -z $directory ]] || WANT[$directory]="-> $shared"
  done <<<"$DIRECTORIES"
}

# linked_directories: what they are called here; the values are by the manual's names.
linked_directories() {
  local HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=()
  directories_look
  ((${#HERE[@]} == 0)) || printf '%s\n' "${HERE[@]}"
}

# directories_look: fills HERE, the directories by their names here, in order; and by these names MANUAL, the manual's
# name, ON_SHARE, its place on the share, and LINK, where the link leads; nothing where it is none. The share is not
# looked at.
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
    if ((${#targets[@]} == ${#links[@]})); then
      LINK[$name]=${targets[index]}
    else
      LINK[$name]=$(readlink -- "$name") || true
    fi
    [[ -n ${LINK[$name]} ]] ||
      fail unknown "where $name leads on $NODE cannot be told; expected a link to $SHARE" "readlink: no answer" \
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

# links_state: all, some or none of the directories are linked.
links_state() {
  local directory linked=0 other=0 HERE=()
  local -A MANUAL=() ON_SHARE=() LINK=()
  directories_look
  for directory in "${HERE[@]}"; do
    if [[ ${LINK[$directory]:-} == "${ON_SHARE[$directory]}" ]]; then
      linked=$((linked + 1))
    else
      other=$((other + 1))
    fi
  done
  if ((other + linked == 0)); then
    printf 'unknown\n'
  elif ((other == 0)); then
    printf 'all\n'
  elif ((linked == 0)); then
    printf 'none\n'
  else
    printf 'some\n'
  fi
}

# links_to_share: a line for each directory that leads to the shared data, by whatever name, and for the one that the
# server works on. What does not answer within the deadline leads there.
links_to_share() {
  local share path paths target pgsql=
  paths=$(directories_wanted && linked_directories) || exit
  [[ -n $paths ]] ||
    fail unknown "the directories that are linked on $NODE are not known; expected them in its description" \
      "$CONFIGURATION/description" "run the same command again; if it stays, this is a defect of xcat-ha"
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

# stepped_aside DIRECTORY: where its own content is, as it was before its first link; nothing where none of it stepped
# aside.
stepped_aside() {
  local noted directory aside
  [[ -e $RECORDS/aside ]] || return 0
  noted=$(cat -- "$RECORDS/aside" 2>&1) ||
    fail unknown "whether $1 stepped aside on $NODE cannot be told; expected to read $RECORDS/aside" "$noted" \
      "look at it on $NODE, then run the same command again"
  while read -r directory aside; do
    [[ $directory == "$1" ]] || continue
    [[ ! -e $aside ]] || printf '%s\n' "$aside"
    return 0
  done <<<"$noted"
}
