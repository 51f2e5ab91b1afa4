# listenAddresses: PostgreSQL listens on localhost, the VIP and both static addresses; what else is listed is kept.
# Effective after the next start (seed, "Add 10.5.106.70 into listen_addresses"; its 10.5.105.5 is a typo).

# listen_wanted: the addresses that are wanted, into ORDERED.
listen_wanted() {
  local key addresses=()
  for key in "${!WANT[@]}"; do [[ $key == file ]] || addresses+=("$key"); done
  in_order "${addresses[@]}"
}

readonly LISTEN_SETTING='^[[:space:]]*[Ll][Ii][Ss][Tt][Ee][Nn]_[Aa][Dd][Dd][Rr][Ee][Ss][Ss][Ee][Ss][[:space:]=]'
readonly LISTEN_VALUE="$LISTEN_SETTING*('([^']*)'|([^'#[:space:]=][^'#[:space:]]*))"

# listen_setting TEXT: the value of the last setting that counts, into REPLY; false where nothing is set.
listen_setting() {
  local line lines=() found=''
  REPLY=
  mapfile -t lines <<<"$1"
  for line in "${lines[@]}"; do
    [[ $line =~ $LISTEN_SETTING ]] || continue
    found=yes
    [[ ! $line =~ $LISTEN_VALUE ]] || REPLY=${BASH_REMATCH[2]}${BASH_REMATCH[3]}
  done
  [[ -n $found ]]
}

# listen_file: ALTER SYSTEM wins over postgresql.conf.
listen_file() {
  local automatic text REPLY
  automatic=$(path_of "${WANT[file]%/*}/postgresql.auto.conf")
  text=$(share_text "$automatic" "on which addresses PostgreSQL listens") || exit
  if listen_setting "$text"; then printf '%s\n' "$automatic"; else path_of "${WANT[file]}"; fi
}

# listen_list FILE: the value of the last setting that counts, or PostgreSQL's default; false (1) where the file is not there.
listen_list() {
  local text REPLY
  text=$(share_read "$1" "on which addresses PostgreSQL listens") || return
  listen_setting "$text" || REPLY=localhost
  printf '%s\n' "$REPLY"
}

listens_on() { # LIST ADDRESS
  local item items=()
  IFS=, read -ra items <<<"$1"
  for item in "${items[@]}"; do
    item=${item#"${item%%[![:space:]]*}"}
    item=${item%"${item##*[![:space:]]}"}
    [[ $item != @("$2"|\*|0.0.0.0) ]] || return 0
  done
  return 1
}

listenAddresses_observe() {
  local address file list result=0 ORDERED
  seen_as_told file
  listen_wanted
  ((${#ORDERED[@]})) || return 0
  file=$(listen_file) || exit
  list=$(listen_list "$file") || result=$?
  ((result < 2)) || exit "$result"
  for address in "${ORDERED[@]}"; do
    if listens_on "$list" "$address"; then SEEN[$address]=listed; else SEEN[$address]="not listed in '$list'"; fi
  done
}

listenAddresses_apply() {
  local file list address added='' result=0 ORDERED
  listen_wanted
  ((${#ORDERED[@]})) || return 0
  file=$(listen_file) || exit
  list=$(listen_list "$file") || result=$?
  ((result < 2)) || exit "$result"
  ((result == 0)) || fail incomplete "$file is not there on $NODE; expected the configuration of PostgreSQL" "cat: No such file or directory" \
    "look at it on $NODE, then run the same command again"
  for address in "${ORDERED[@]}"; do
    if ! listens_on "$list" "$address"; then
      list=${list:+$list,}$address
      added="$added $address"
    fi
  done
  for address in "${!BEFORE[@]}"; do
    [[ $address != file && -z ${WANT[$address]:-} ]] || continue
    list=$(tr ',' '\n' <<<"$list" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' | { grep -vxF -- "$address" || true; } | paste -sd,)
    added="$added (without $address)"
  done
  [[ -n $added ]] || return 0
  lease_require "$file"
  # The last setting counts: that one is edited, with the comment behind it; without one it is added at the end.
  share_edit "$file" 0600 awk -v list="$list" '
    { line[NR] = $0 }
    tolower($0) ~ /^[[:space:]]*listen_addresses[[:space:]=]/ { last = NR }
    END {
      for (i = 1; i <= NR; i++) {
        if (i == last) {
          rest = match(line[i], /#.*/) ? "\t" substr(line[i], RSTART) : ""
          print "listen_addresses = \047" list "\047" rest
        } else print line[i]
      }
      if (!last) print "listen_addresses = \047" list "\047"
    }'
  say "listen_addresses: added$added, effective after the next start of postgresql"
}

# Shared data: never touched by a destroy.
listenAddresses_remove() { :; }
