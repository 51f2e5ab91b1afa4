# What the network services serve out of that stands on this node alone: xCAT writes it here while the node is active,
# and no failover and no link takes it away again. A node that is let go gets it as it was found; a node that becomes
# active serves none of an earlier time (docs/xcat-facts.md, Files that stay on the node).
#
#   RECORDS/found/patterns     SERVICE PATTERN, a line each: what was looked for before the first change
#   RECORDS/found/files/PATH   what was there of it; what is missing was not there

# local_kind PATH: into REPLY file, link, other or absent; false where that cannot be told: REPLY is what was said.
local_kind() {
  REPLY=$(stat -c %F -- "$1" 2>&1) || {
    [[ $REPLY == *': No such file or directory' ]] || return 1
    REPLY=absent
  }
  case $REPLY in
    absent) ;;
    regular*) REPLY='file' ;;
    'symbolic link') REPLY='link' ;;
    *) REPLY=other ;;
  esac
}

# local_matches PATTERN [ROOT]: into MATCHES the paths that PATTERN means below ROOT, without ROOT; one that is no
# pattern means itself, there or not. Without what a former let-go kept beside them. False where that cannot be told:
# REPLY is what was said.
local_matches() {
  local directory=${1%/*} name
  MATCHES=("$1")
  [[ $1 == *[*]* ]] || return 0
  MATCHES=()
  local_kind "${2:-}$directory" || return
  [[ $REPLY != absent ]] || return 0
  REPLY=$(ls -A -- "${2:-}$directory" 2>&1) || return
  while IFS= read -r name; do
    # shellcheck disable=SC2053 # a pattern
    [[ $name != ${1##*/} || $name == *.xcat-ha-* ]] || MATCHES+=("$directory/$name")
  done <<<"$REPLY"
}

# found_record: a copy of each, once, before anything changes them. Not on a node that is linked or guarded already:
# what is there may be the pair's.
found_record() {
  local partial=$RECORDS/found.partial service path paths pattern linked REPLY MATCHES
  [[ ! -e $RECORDS/found ]] || return 0
  ! guards_there || return 0
  linked=$(links_to_share) || exit
  [[ -z $linked ]] || return 0
  rm -rf -- "$partial"
  install -d -m 0700 -- "$RECORDS" "$partial" "$partial/files"
  for service in "${UNITS[@]}"; do
    paths=$(local_files "$service") || exit
    while read -r pattern; do
      [[ -n $pattern ]] || continue
      printf '%s %s\n' "$service" "$pattern" >>"$partial/patterns"
      local_matches "$pattern" || found_untold "$pattern"
      for path in "${MATCHES[@]}"; do
        local_kind "$path" || found_untold "$path"
        [[ $REPLY == @(file|link) ]] || continue
        REPLY=$({ mkdir -p -- "$partial/files${path%/*}" && cp -a -- "$path" "$partial/files$path"; } 2>&1) ||
          found_untold "$path"
      done
    done <<<"$paths"
  done
  sync -f "$partial"
  mv -T -- "$partial" "$RECORDS/found"
}

found_untold() {
  fail unknown \
    "$1 could not be kept as it was found on $NODE; expected a copy of it in $RECORDS before the first change" \
    "$REPLY" "look at it on $NODE, then run the same command again"
}

# found_restore: of a node that is let go: the files of each service as they were found; those of the pair stay beside
# them. Where one cannot be put back it is said, and the copies of what was found stay: FOUND_LEFT.
found_restore() {
  local service
  FOUND_LEFT=
  # Nothing was changed on a node that never was one of a pair.
  [[ -e $RECORDS/units || -e $RECORDS/found ]] || return 0
  for service in "${UNITS[@]}"; do found_restore_of "$service"; done
}

found_restore_of() {
  local service=$1 paths state kept pattern path untold='' moved='' REPLY ASIDE
  paths=$(local_files "$service") || exit
  [[ -n $paths ]] || return 0
  state=$(unit_state "$service")
  # What runs uses them: it started without a guard, and so before this node was one of the pair.
  [[ $state == @(inactive|failed|unknown) ]] || return 0
  if [[ $state == unknown ]]; then
    untold="; $(one_line "$paths"): whether it runs cannot be told, so they were not touched"
  elif [[ ! -e $RECORDS/found ]]; then
    untold="; $(one_line "$paths"): how they were found was not kept before this node became one of the pair"
  elif ! kept=$(cat -- "$RECORDS/found/patterns" 2>&1); then
    untold="; $(one_line "$paths"): what was found cannot be read ($kept)"
  else
    kept=$(sed -n "s/^$service //p" <<<"$kept")
    paths=$(printf '%s\n' "$paths" "$kept" | LC_ALL=C sort -u)
    while read -r pattern; do
      [[ -n $pattern ]] || continue
      if [[ $'\n'$kept$'\n' == *$'\n'"$pattern"$'\n'* ]]; then
        found_restore_files "$pattern"
      else
        found_unknown_files "$pattern"
      fi
    done <<<"$paths"
  fi
  [[ -z $moved ]] ||
    say "$service: its files are as they were found before the pair; what the pair wrote stays beside them: ${moved#, }"
  [[ -n $untold ]] || return 0
  FOUND_LEFT=yes
  say "$service stays disabled, and its files may be the cluster's still: ${untold#; }"
  say \
    "before systemctl enable --now $(unit_of "$service") on $NODE: look at them, and move away what serves the cluster"
}

# found_restore_files PATTERN: adds to moved what was put beside them, and to untold what is not as it was found.
found_restore_files() {
  local path paths both=() MATCHES
  if local_matches "$1"; then both=("${MATCHES[@]}"); else untold+="; $1: $REPLY"; fi
  if local_matches "$1" "$RECORDS/found/files"; then both+=("${MATCHES[@]}"); else untold+="; $1: $REPLY"; fi
  paths=$(printf '%s\n' "${both[@]}" | LC_ALL=C sort -u)
  while read -r path; do
    [[ -n $path ]] || continue
    if found_put_back "$path"; then moved+=${ASIDE:+, $ASIDE}; else untold+="; $path: $REPLY"; fi
  done <<<"$paths"
}

# found_unknown_files PATTERN: what is there of one that was not looked for before the first change.
found_unknown_files() {
  local path MATCHES
  local_matches "$1" || untold+="; $1: $REPLY"
  for path in "${MATCHES[@]}"; do
    local_kind "$path" || true
    [[ $REPLY == absent ]] || untold+="; $path: how it was found was not kept"
  done
}

# found_put_back PATH: true where it is as it was found; ASIDE is the name of what was moved away for that. False: REPLY
# is why not.
found_put_back() {
  local path=$1 copy=$RECORDS/found/files$1 found result=0
  ASIDE=
  local_kind "$copy" || return
  found=$REPLY
  local_kind "$path" || return
  case $REPLY/$found in
    absent/absent) return 0 ;;
    other/* | link/*)
      REPLY="it is no plain file"
      return 1
      ;;
    file/file)
      REPLY=$(cmp -- "$path" "$copy" 2>&1) || result=$?
      ((result != 0)) || return 0
      ((result == 1)) || return
      ;;
  esac
  if [[ $found != absent ]]; then
    # Renamed into its place: a service reads all of it, or none.
    REPLY=$({ rm -f -- "$path.xcat-ha-found" && cp -a -T -- "$copy" "$path.xcat-ha-found"; } 2>&1) || return
  fi
  if [[ -e $path ]]; then
    ASIDE=$(fresh_name "$path.xcat-ha-pair")
    REPLY=$(mv -T -- "$path" "$ASIDE" 2>&1) || return
  fi
  [[ $found == absent ]] || REPLY=$(mv -T -- "$path.xcat-ha-found" "$path" 2>&1)
}
