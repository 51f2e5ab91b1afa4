# listenAddresses: PostgreSQL listens on localhost, the VIP and both static addresses; what else is listed is kept.
# Effective after the next start (seed, "Add 10.5.106.70 into listen_addresses"; its 10.5.105.5 is a typo).

listen_wanted() { printf '%s\n' "${!WANT[@]}" | grep -v '^file$' | LC_ALL=C sort; }

# listen_file: ALTER SYSTEM wins over postgresql.conf.
listen_file() {
  local automatic text
  automatic=$(path_of "$(dirname "${WANT[file]}")/postgresql.auto.conf")
  text=$(share_text "$automatic" "on which addresses PostgreSQL listens") || exit
  if grep -qiE '^[[:space:]]*listen_addresses[[:space:]=]' <<<"$text"; then printf '%s\n' "$automatic"; else path_of "${WANT[file]}"; fi
}

# listen_list FILE: the value of the last setting that counts, or PostgreSQL's default; false (1) where the file is not there.
listen_list() {
  local text list
  text=$(share_read "$1" "on which addresses PostgreSQL listens") || return
  list=$(sed -nE "s/^[[:space:]]*listen_addresses[[:space:]]*=?[[:space:]]*('([^']*)'|([^'#[:space:]]+)).*/\2\3/Ip" <<<"$text" | tail -n 1)
  if grep -qiE '^[[:space:]]*listen_addresses[[:space:]=]' <<<"$text"; then printf '%s\n' "$list"; else printf 'localhost\n'; fi
}

listens_on() { # LIST ADDRESS
  grep -qxF -e "$2" -e '*' -e '0.0.0.0' < <(tr ',' '\n' <<<"$1" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//')
}

listenAddresses_observe() {
  local address file list result=0
  seen_as_told file
  [[ -n $(listen_wanted) ]] || return 0
  file=$(listen_file) || exit
  list=$(listen_list "$file") || result=$?
  ((result < 2)) || exit "$result"
  while read -r address; do
    if listens_on "$list" "$address"; then SEEN[$address]=listed; else SEEN[$address]="not listed in '$list'"; fi
  done < <(listen_wanted)
}

listenAddresses_apply() {
  local file list address added='' result=0
  [[ -n $(listen_wanted) ]] || return 0
  file=$(listen_file) || exit
  list=$(listen_list "$file") || result=$?
  ((result < 2)) || exit "$result"
  ((result == 0)) || fail incomplete "$file is not there on $NODE; expected the configuration of PostgreSQL" "cat: No such file or directory" \
    "look at it on $NODE, then run the same command again"
  while read -r address; do
    if ! listens_on "$list" "$address"; then
      list=${list:+$list,}$address
      added="$added $address"
    fi
  done < <(listen_wanted)
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
