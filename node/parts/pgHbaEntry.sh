# pgHbaEntry: both nodes' static addresses and the VIP may log in with a password (seed, "Add 10.5.106.70 into postgresql configuration",
# corrected: xcatd reaches the VIP of its own node from the static address; facts/xcat.md 4.3).

hba_addresses() { printf '%s\n' "${!WANT[@]}" | grep '/32$' | LC_ALL=C sort; }

# hba_lines ADDRESS: of what is on standard input, every rule that lets all users of that address into all databases, or keeps them out, without
# its comment, blanks made single. A rule for one user or for replication is somebody else's.
hba_lines() { awk -v address="$1" '{ sub(/#.*/, "") } $1 ~ /^host/ && $2 == "all" && $3 == "all" && $4 == address { $1 = $1; print }'; }

pgHbaEntry_observe() {
  local address lines file text result=0
  seen_as_told file
  [[ -n $(hba_addresses) ]] || return 0
  file=$(path_of "${WANT[file]}")
  text=$(share_read "$file" "who may log in") || result=$?
  ((result < 2)) || exit "$result"
  while read -r address; do
    if ((result == 1)); then
      SEEN[$address]="$file cannot be read"
      continue
    fi
    lines=$(hba_lines "$address" <<<"$text" | paste -sd, | sed 's/,/, /g')
    SEEN[$address]=${lines:-absent}
  done < <(hba_addresses)
}

# pgHbaEntry_apply: adds what is missing after the comment under which xCAT's pgsqlsetup writes; all other lines and their order stay.
# A rule of ours that stands twice or with another method is replaced: the first match decides.
pgHbaEntry_apply() {
  local address absent=() file text
  [[ -n $(hba_addresses) ]] || return 0
  file=$(path_of "${WANT[file]}")
  text=$(share_text "$file" "who may log in") || exit
  while read -r address; do
    [[ $(hba_lines "$address" <<<"$text") == "${WANT[$address]}" ]] || absent+=("$address")
  done < <(hba_addresses)
  pgHbaEntry_forget
  ((${#absent[@]})) || return 0
  lease_require "$file"
  share_edit "$file" 0600 awk -v missing="${absent[*]}" '
    function ours(  i) {
      for (i = 1; i <= count; i++) printf "host    all          all        %s      md5\n", address[i]
      written = 1
    }
    BEGIN { count = split(missing, address, " "); for (i = 1; i <= count; i++) replaced[address[i]] = 1 }
    !/^[[:space:]]*#/ && $1 ~ /^host/ && $2 == "all" && $3 == "all" && ($4 in replaced) { next }
    !written && !/^[[:space:]]*#/ && $1 ~ /^host/ { ours() }
    { print }
    !written && /^[[:space:]]*#.*IPv4 local connections:/ { ours() }
    END { if (!written) ours() }'
  postgresql_reload
  say "pg_hba.conf: ${absent[*]} may log in"
}

# pgHbaEntry_forget: our rules of addresses that are ours no more, exactly as we write them.
pgHbaEntry_forget() {
  local address file former=''
  for address in "${!BEFORE[@]}"; do
    [[ $address != */32 || -n ${WANT[$address]:-} ]] || former="$former $address"
  done
  [[ -n $former ]] || return 0
  file=$(path_of "${WANT[file]}")
  lease_require "$file"
  share_edit "$file" 0600 awk -v former="$former" '
    BEGIN { count = split(former, address, " "); for (i = 1; i <= count; i++) gone["host all all " address[i] " md5"] = 1 }
    { line = $0; $1 = $1; if (!($0 in gone)) print line }'
  postgresql_reload
  say "pg_hba.conf: without$former"
}

# Shared data: never touched by a destroy.
pgHbaEntry_remove() { :; }

# postgresql_reload: only a server of this node. The pid in postmaster.pid can be another host's.
postgresql_reload() {
  local pid
  pid=$(systemctl show -p MainPID --value -- "$(unit_of postgresql).service" 2>/dev/null)
  [[ -z $pid || $pid == 0 ]] || kill -HUP "$pid"
}
