# pgHbaEntry: both nodes' static addresses and the VIP may log in with a password (seed, "Add 10.5.106.70 into postgresql configuration",
# corrected: xcatd reaches the VIP of its own node from the static address; facts/xcat.md 4.3).

# hba_addresses: those that are wanted, into ORDERED.
hba_addresses() {
  local key addresses=()
  for key in "${!WANT[@]}"; do [[ $key != */32 ]] || addresses+=("$key"); done
  in_order "${addresses[@]}"
}

# hba_rules TEXT: into RULES, by address: every rule that lets all users of it into all databases, or keeps them out, a line each, without its
# comment, blanks made single. A rule for one user or for replication is somebody else's.
hba_rules() {
  local line lines=() word=()
  RULES=()
  mapfile -t lines <<<"$1"
  for line in "${lines[@]}"; do
    line=${line%%#*}
    [[ $line =~ ^[[:blank:]]*host ]] || continue
    read -ra word <<<"$line"
    [[ ${#word[@]} -gt 3 && ${word[1]} == all && ${word[2]} == all ]] || continue
    line="${word[*]}"
    RULES[${word[3]}]=${RULES[${word[3]}]:+${RULES[${word[3]}]}$'\n'}$line
  done
}

pgHbaEntry_observe() {
  local address file text result=0 ORDERED
  local -A RULES
  seen_as_told file
  hba_addresses
  ((${#ORDERED[@]})) || return 0
  file=$(path_of "${WANT[file]}")
  text=$(share_read "$file" "who may log in") || result=$?
  ((result < 2)) || exit "$result"
  hba_rules "$text"
  for address in "${ORDERED[@]}"; do
    if ((result == 1)); then
      SEEN[$address]="$file cannot be read"
    elif [[ -n ${RULES[$address]:-} ]]; then
      SEEN[$address]=$(one_line "${RULES[$address]}")
    else
      SEEN[$address]=absent
    fi
  done
}

# pgHbaEntry_apply: adds what is missing after the comment under which xCAT's pgsqlsetup writes; all other lines and their order stay.
# A rule of ours that stands twice or with another method is replaced: the first match decides.
pgHbaEntry_apply() {
  local address absent=() file text ORDERED
  local -A RULES
  hba_addresses
  ((${#ORDERED[@]})) || return 0
  file=$(path_of "${WANT[file]}")
  text=$(share_text "$file" "who may log in") || exit
  hba_rules "$text"
  for address in "${ORDERED[@]}"; do
    [[ ${RULES[$address]:-} == "${WANT[$address]}" ]] || absent+=("$address")
  done
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
  local REPLY unit
  unit=$(unit_of postgresql)
  unit_shows MainPID "$unit.service" ||
    fail unknown "which process is the server of postgresql on $NODE cannot be told; expected it, to let it read its configuration again" "$REPLY" \
      "systemctl reload $unit on $NODE, when systemd answers; then run the same pulumi up again"
  [[ $REPLY == 0 ]] || kill -HUP "$REPLY"
}
