# pgHbaEntry: both nodes' static addresses and the VIP may log in with a password (the manual, "Add 10.5.106.70 into
# postgresql configuration", corrected: xcatd reaches the VIP of its own node from the static address;
# docs/xcat-facts.md, The VIP and its connections).

# hba_addresses: those that are wanted, into ORDERED.
hba_addresses() {
  local key addresses=()
  for key in "${!WANT[@]}"; do [[ $key != */32 ]] || addresses+=("$key"); done
  in_order "${addresses[@]}"
}

pgHbaEntry_observe() {
  local address FILE='' HBA=() STUCK='' result=0 ORDERED
  local -A RULE=()
  seen_as_told file
  hba_addresses
  ((${#ORDERED[@]})) || return 0
  hba_ask || result=1
  ((result)) || hba_look "$FILE" || result=1
  for address in "${ORDERED[@]}"; do
    if ((result)); then
      SEEN[$address]="${FILE:-$(path_of "${WANT[file]}")} cannot be read"
    elif [[ ${RULE[$address]} == ok ]]; then
      SEEN[$address]=${WANT[$address]}
    else
      SEEN[$address]=${RULE[$address]}
    fi
  done
}

# pgHbaEntry_apply: a rule of ours where it decides, for each address from which xCAT could not log in with its
# password; all other lines and their order stay, the site's methods and what it says of TLS too.
pgHbaEntry_apply() {
  local address wrong=() FILE='' HBA=() STUCK='' text said result=0 ORDERED
  local -A RULE=()
  hba_addresses
  ((${#ORDERED[@]})) || return 0
  hba_ask || result=1
  ((result)) || hba_look "$FILE" || result=1
  ((result == 0)) ||
    fail incomplete \
      "${FILE:-$(path_of "${WANT[file]}")} is not there on $NODE; expected the file in which PostgreSQL reads who \
may log in" \
      "cat: No such file or directory" "look at it on $NODE, then run the same command again"
  pgHbaEntry_forget
  for address in "${ORDERED[@]}"; do
    [[ ${RULE[$address]} == ok ]] || wrong+=("$address")
  done
  ((${#wrong[@]})) || return 0
  lease_require "$FILE"
  text=$(share_read "$FILE" "who may log in") || exit
  said=$(perl -e "$HBA_PERL" edit "${HBA[@]}" "${ORDERED[@]%/32}" <<<"$text" 2>&1 >/dev/null) ||
    fail misconfigured "$FILE leaves xCAT's user no login from ${wrong[*]}; expected a way for it" "$said" \
      "correct that line, or what is named with it (ssl = on, sslmode, sslcert), then run the same command again"
  share_edit "$FILE" 0600 perl -e "$HBA_PERL" edit "${HBA[@]}" "${ORDERED[@]%/32}"
  hba_look "$FILE" || true
  for address in "${ORDERED[@]}"; do
    [[ ${RULE[$address]:-absent} == ok ]] ||
      fail misconfigured \
        "$FILE does not let xCAT's user in from $address, whatever is written; expected a rule with a password" \
        "${RULE[$address]:-absent}" "correct that line on $NODE, then run the same command again"
  done
  postgresql_reload
  say "$FILE: ${wrong[*]} may log in"
}

# pgHbaEntry_forget: our rules of addresses that are ours no more, exactly as we write them.
pgHbaEntry_forget() {
  local address former=''
  for address in "${!BEFORE[@]}"; do
    [[ $address != */32 || -n ${WANT[$address]:-} ]] || former="$former $address"
  done
  [[ -n $former ]] || return 0
  lease_require "$FILE"
  share_edit "$FILE" 0600 awk -v former="$former" -v own="${HBA[1]} ${HBA[0]}" '
    BEGIN {
      count = split(former, address, " ")
      for (i = 1; i <= count; i++) {
        gone["host all all " address[i] " md5"] = 1
        gone["host " own " " address[i] " md5"] = 1
        gone["hostssl " own " " address[i] " md5"] = gone["hostnossl " own " " address[i] " md5"] = 1
        written[sprintf("hostssl all          all        %s      md5", address[i])] = 1
        written[sprintf("hostnossl all          all        %s      md5", address[i])] = 1
      }
    }
    { line = $0; $1 = $1; if (!($0 in gone) && !(line in written)) print line }'
  postgresql_reload
  say "$FILE: without$former"
}

# Shared data: never touched by a destroy.
pgHbaEntry_remove() { :; }

# postgresql_reload: only a server of this node. The pid in postmaster.pid can be another host's.
postgresql_reload() {
  local REPLY unit
  unit=$(unit_of postgresql)
  unit_shows MainPID "$unit.service" ||
    fail unknown \
      "which process is the server of postgresql on $NODE cannot be told; expected it, to let it read its \
configuration again" \
      "$REPLY" "systemctl reload $unit on $NODE, when systemd answers; then run the same pulumi up again"
  [[ $REPLY == 0 ]] || kill -HUP "$REPLY"
}
