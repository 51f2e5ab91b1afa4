# A pair that was built by hand from the manual: links, VIP and services are there, no epoch is. What must be known before it is taken over,
# and the manual's mistakes that can be seen (facts/xcat.md section 8).

# hand_built_facts: fills FACT[database] ("runs here", or pg_controldata's word), FACT[virtual_ip] (here, free, or who answers), FACT[mistakes].
hand_built_facts() {
  local data
  data=$(share_do readlink -f "$(path_of /var/lib/pgsql/data)") || data=$(path_of /var/lib/pgsql/data)
  if [[ -n $(processes_below "$data") ]]; then FACT[database]="runs here"; else FACT[database]=$(database_state); fi
  FACT[virtual_ip]=$(virtual_ip_answer)
  FACT[mistakes]=$(manual_mistakes | paste -sd';' | sed 's/;/; /g')
}

# virtual_ip_answer: here, free, or the line of the machine that answers for it.
virtual_ip_answer() {
  local device
  if virtualIp_is_here; then
    printf 'here\n'
    return 0
  fi
  device=$(ip -o route get "$VIP" 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p')
  [[ -n $device ]] || {
    printf 'no route to %s\n' "$VIP"
    return 0
  }
  address_answer "$VIP" "$device"
}

# manual_mistakes: a line each.
manual_mistakes() {
  local conf address pgsql
  conf=$(path_of /var/lib/pgsql/data/postgresql.conf)
  pgsql=$(path_of /var/lib/pgsql)
  if [[ -L $pgsql/pgsql ]]; then
    printf '%s/pgsql is a link: mv of the full directory failed, so PostgreSQL writes to the local disk and %s/pgsql is an old copy\n' "$pgsql" "$SHARE"
  fi
  if [[ -r $conf ]]; then
    while read -r address; do
      [[ $address == "$VIP" || $address == "$PEER_ADDRESS" ]] || ip -o -4 addr show | grep -F " inet $address/" >/dev/null ||
        printf 'listen_addresses has %s, which is no address of this pair\n' "$address"
    done < <(listen_list "$conf" | tr ',' '\n' | tr -d ' ' | grep -E '^[0-9.]+$' | grep -vxF -e 0.0.0.0 -e 127.0.0.1)
  fi
  [[ -z ${FACT[copy]} ]] || printf 'not on shared data: %s\n' "${FACT[copy]}"
  [[ -z $(manual_cron_line) ]] || printf 'the crontab of root copies /etc/hosts, also when this node is not active: %s\n' "$(manual_cron_line)"
}

# The manual's line in root's own crontab, which would push an old file back after a failover (section 8 row 17).
readonly MANUAL_CRON='^[^#]*rsync .*/etc/hosts .*:/etc/?'
manual_cron_line() { crontab -l -u root 2>/dev/null | grep -E -e "$MANUAL_CRON" | head -n 1 | tr '\t' ' ' || true; }
