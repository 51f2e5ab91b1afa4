# A pair that was built by hand from the manual: links, VIP and services are there, no epoch is. What must be known
# before it is taken over, and the manual's mistakes that can be seen (docs/xcat-facts.md, Mistakes of the manual).

# hand_built_facts: fills FACT[database] ("runs here", or pg_controldata's word), FACT[virtual_ip] (here, free, or who
# answers), FACT[mistakes].
hand_built_facts() {
  local processes mistakes
  processes=$(database_processes) || exit
  if [[ -n $processes ]]; then FACT[database]="runs here"; else FACT[database]=$(database_state); fi
  FACT[virtual_ip]=$(virtual_ip_answer) || exit
  mistakes=$(manual_mistakes)
  FACT[mistakes]=$(one_line "$mistakes" ';')
}

# virtual_ip_answer: here, free, or the line of the machine that answers for it.
virtual_ip_answer() {
  local device
  if virtualIp_is_here; then
    printf 'here\n'
    return 0
  fi
  device=$(ip -o route get "$VIP" 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p') || device=
  [[ -n $device ]] || {
    printf 'no route to %s\n' "$VIP"
    return 0
  }
  address_answer "$VIP" "$device"
}

# manual_mistakes: a line each.
manual_mistakes() {
  local address addresses pgsql line list result=0
  pgsql=$(path_of /var/lib/pgsql)
  if share_do test -L "$pgsql/pgsql"; then
    printf '%s/pgsql is a link: mv of the full directory failed, so PostgreSQL writes to the local disk %s\n' \
      "$pgsql" "and $SHARE/pgsql is an old copy"
  fi
  addresses=$(all_addresses) || exit
  list=$(database_settings "$LISTENS" listen_addresses) || result=$?
  ((result < 2)) || exit "$result"
  if ((result == 0)); then
    while read -r address; do
      [[ $address =~ ^[0-9.]+$ && $address != @(0.0.0.0|127.0.0.1) ]] || continue
      [[ $address == "$VIP" || $address == "$PEER_ADDRESS" || $addresses == *" inet $address/"* ]] ||
        printf 'listen_addresses has %s, which is no address of this pair\n' "$address"
    done <<<"${list//,/$'\n'}"
  fi
  [[ -z ${FACT[copy]} ]] || printf 'not on shared data: %s\n' "${FACT[copy]}"
  line=$(manual_cron_line) || exit
  [[ -z $line ]] || printf 'the crontab of root copies /etc/hosts, also when this node is not active: %s\n' "$line"
  line=$(compound_cron_line) || exit
  [[ -z $line ]] ||
    printf 'the crontab of root copies /etc/hosts among other things, which stays: take /etc/hosts out of it (%s)\n' \
      "$line"
}

# The manual's line in root's own crontab, which would push an old file back after a failover (docs/xcat-facts.md,
# Mistakes of the manual): a copy of /etc/hosts and of nothing else. What stands behind it in the line is its output and
# a note.
MANUAL_CRON='^[^#/;&|]*(/[^[:space:];&|]*/)?(rsync|scp)[[:space:]]+'
MANUAL_CRON+='(([^[:space:]/;&|#"][^[:space:];&|#]*|"[^";&|]*")[[:space:]]+)*"?/etc/hosts"?[[:space:]]+'
MANUAL_CRON+='"?([^[:space:]@"]+@)?([^[:space:]:"@]+)::?/etc/?(hosts)?"?([[:space:]]+-[^[:space:];&|]*)*[[:space:]]*'
MANUAL_CRON+='(([0-9]?>>?|&>)[[:space:]]*[^[:space:];&|]+[[:space:]]*|[0-9]?>&[0-9-][[:space:]]*)*'
MANUAL_CRON+='(\|&?[[:space:]]*(/[^[:space:];&|]*/)?logger([[:space:]][^;&|]*)?)?(#.*)?$'
readonly MANUAL_CRON
# One of more commands.
readonly COMPOUND_CRON='^[^#]*(rsync|scp)[[:space:]][^#]*/etc/hosts[^#]*$'

# is_manual_cron LINE: to the other node. What goes to any other machine is the admin's.
is_manual_cron() {
  [[ $1 =~ $MANUAL_CRON ]] && is_peer "${BASH_REMATCH[6]}"
}

# is_peer HOST: the other node, by any of its names.
is_peer() {
  local host
  [[ ${1%%.*} != "$PEER" && $1 != "$PEER_ADDRESS" ]] || return 0
  host=$(getent ahostsv4 "$1" 2>/dev/null) && [[ ${host%%[[:space:]]*} == "$PEER_ADDRESS" ]]
}

# compound_cron_line: a line that copies /etc/hosts to the other node among other things, which is never edited; nothing
# where none does.
compound_cron_line() {
  local lines line word parts=()
  lines=$(root_crontab) || exit
  while IFS= read -r line; do
    [[ $line =~ $COMPOUND_CRON ]] || continue
    ! is_manual_cron "$line" || continue
    read -ra parts <<<"$line"
    for word in "${parts[@]}"; do
      [[ $word =~ ^\"?([^[:space:]@\"]+@)?([^[:space:]:\"@/]+)::?/etc(/|/hosts)?[\"\;]?$ ]] || continue
      if is_peer "${BASH_REMATCH[2]}"; then
        printf '%s\n' "${line//$'\t'/ }"
        return 0
      fi
    done
  done <<<"$lines"
}

manual_cron_line() {
  local lines line
  lines=$(root_crontab) || exit
  while IFS= read -r line; do
    is_manual_cron "$line" || continue
    printf '%s\n' "${line//$'\t'/ }"
    break
  done <<<"$lines"
}

# without_manual_cron: the other lines of standard input.
without_manual_cron() {
  local line
  while IFS= read -r line; do
    is_manual_cron "$line" || printf '%s\n' "$line"
  done
}

# root_crontab: nothing where root has none; one that cannot be read is not none.
root_crontab() {
  local lines
  command -v crontab >/dev/null || return 0
  if lines=$(crontab -l -u root 2>&1); then
    printf '%s\n' "$lines"
  elif [[ $lines != *'no crontab for'* ]]; then
    fail unknown "the crontab of root cannot be read on $NODE; expected to know whether it copies /etc/hosts" \
      "crontab -l: $lines" "crontab -l on $NODE; when it answers, run the same command again"
  fi
}
