# listenAddresses: PostgreSQL listens on localhost, the VIP and both static addresses; what else is listed is kept.
# Effective after the next start (the manual, "Add 10.5.106.70 into listen_addresses"; its 10.5.105.5 is a typo).

# listen_wanted: the addresses that are wanted, into ORDERED.
listen_wanted() {
  local key addresses=()
  for key in "${!WANT[@]}"; do [[ $key == file ]] || addresses+=("$key"); done
  in_order "${addresses[@]}"
}

readonly LISTEN_SETTING='^[[:space:]]*[Ll][Ii][Ss][Tt][Ee][Nn]_[Aa][Dd][Dd][Rr][Ee][Ss][Ss][Ee][Ss][[:space:]=]'

# listen_file: where a setting wins: ALTER SYSTEM's file, where it has one, over postgresql.conf.
listen_file() {
  local automatic text line lines=()
  automatic=$(path_of "${WANT[file]%/*}/postgresql.auto.conf")
  text=$(share_text "$automatic" "$LISTENS") || exit
  mapfile -t lines <<<"$text"
  for line in "${lines[@]}"; do
    [[ ! $line =~ $LISTEN_SETTING ]] || {
      printf '%s\n' "$automatic"
      return 0
    }
  done
  path_of "${WANT[file]}"
}

listenAddresses_observe() {
  local address list result=0 ORDERED
  seen_as_told file
  listen_wanted
  ((${#ORDERED[@]})) || return 0
  list=$(database_settings "$LISTENS" listen_addresses) || result=$?
  ((result < 2)) || exit "$result"
  for address in "${ORDERED[@]}"; do
    if listens_on "$list" "$address"; then SEEN[$address]=listed; else SEEN[$address]="not listed in '$list'"; fi
  done
}

listenAddresses_apply() {
  local file list address added='' text seen result=0 ORDERED
  listen_wanted
  ((${#ORDERED[@]})) || return 0
  file=$(listen_file) || exit
  list=$(database_settings "$LISTENS" listen_addresses) || result=$?
  ((result < 2)) || exit "$result"
  ((result == 0)) ||
    fail incomplete "$file is not there on $NODE; expected the configuration of PostgreSQL" \
      "cat: No such file or directory" "look at it on $NODE, then run the same command again"
  for address in "${ORDERED[@]}"; do
    if ! listens_on "$list" "$address"; then
      list=${list:+$list,}$address
      added="$added $address"
    fi
  done
  for address in "${!BEFORE[@]}"; do
    [[ $address != file && -z ${WANT[$address]:-} ]] || continue
    list=$(tr ',' '\n' <<<"$list" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' | { grep -vxF -- "$address" || true; } |
      paste -sd,)
    added="$added (without $address)"
  done
  [[ -n $added ]] || return 0
  lease_require "$file"
  text=$(share_read "$file" "$LISTENS" && printf .) || exit
  # The last setting counts: that one is edited, with the comment behind it; without one, or where an include follows
  # it, which may hold another, it is added at the end.
  share_edit "$file" 0600 awk -v list="$list" '
    { line[NR] = $0 }
    tolower($0) ~ /^[[:space:]]*listen_addresses[[:space:]=]/ { last = NR }
    tolower($0) ~ /^[[:space:]]*include(_dir|_if_exists)?[[:space:]=]/ { last = 0 }
    END {
      for (i = 1; i <= NR; i++) {
        if (i == last) {
          rest = match(line[i], /#.*/) ? "\t" substr(line[i], RSTART) : ""
          print "listen_addresses = \047" list "\047" rest
        } else print line[i]
      }
      if (!last) print "listen_addresses = \047" list "\047"
    }'
  seen=$(database_settings "$LISTENS" listen_addresses) || exit
  [[ $seen == "$list" ]] || {
    printf %s "${text%.}" | share_write "$file" 0600 || exit
    fail misconfigured \
      "PostgreSQL would listen on '$seen' on $NODE, whatever $file says; expected '$list'. The file is as it was" \
      "postgres -C listen_addresses" \
      "correct what sets listen_addresses behind it (grep -rn listen_addresses ${file%/*}), then run the same command \
again"
  }
  say "listen_addresses: added$added, effective after the next start of postgresql"
}

# Shared data: never touched by a destroy.
listenAddresses_remove() { :; }
