# What makes xCAT's own steps fail half way, looked at before anything is stopped (facts/xcat.md section 13).

# cfgloc_state: where xCAT's database is: "Pg ADDRESS", another engine, or "missing": without the file xcatd leaves an empty SQLite
# database in the directory and retries without end (facts/xcat.md C17).
cfgloc_state() {
  local file line address
  for file in /etc/xcat/cfgloc "$SHARE/xcat/cfgloc"; do
    line=$(share_text "$file" "where xCAT's database is") || exit
    [[ -z $line ]] || break
  done
  if [[ -z $line ]]; then
    printf 'missing\n'
    return 0
  fi
  line=${line%%$'\n'*}
  if [[ $line =~ ^Pg:dbname=[^\;]+\;host=([^\;|]+)\| ]]; then
    address=$(getent ahostsv4 "${BASH_REMATCH[1]}" | awk 'NR == 1 { print $1 }') || true
    printf 'Pg %s\n' "${address:-${BASH_REMATCH[1]} (does not resolve)}"
  else
    printf '%s\n' "${line%%:*}" | cut -c1-20
  fi
}

# own_name_state: "ok", or what the own host name resolves to. makedns deletes the zones first and leaves named down where it does not
# resolve, and hangs where the address does not answer (facts/xcat.md C11, N12). Names that hostsEntry writes are as good as there.
own_name_state() {
  local own address addresses
  own=$(hostname)
  if [[ " $HOST_NAMES " == *" $own "* ]]; then
    printf 'ok\n'
    return 0
  fi
  address=$(getent ahostsv4 "$own" | awk 'NR == 1 { print $1 }') || true
  addresses=$(all_addresses) || exit
  if [[ $address == "$VIP" || ( -n $address && $addresses == *" inet $address/"* ) ]]; then
    printf 'ok\n'
  else
    printf '%s resolves to %s\n' "$own" "${address:-nothing}"
  fi
}

# make_traps: in xCAT's tables, asked while xcatd runs here: a line each.
make_traps() {
  local domain rows
  [[ $(unit_state xcatd) == active ]] && virtualIp_is_here || return 0
  domain=$(xcat 20 lsdef -t site -i domain 2>&1) || return 0
  [[ $domain == *domain=?* ]] || printf 'the site table has no domain, which makedns and makedhcp need (chdef -t site domain=YOUR.DOMAIN)\n'
  rows=$(xcat 20 tabdump networks 2>/dev/null | grep -E '^("[^"]*")?,(,|"[^"]*",,)' | cut -d, -f1 | tr '\n' ' ') || true
  [[ -z $rows ]] || printf 'the networks table has rows without net or mask: %s; chdef of any network fails then (rmdef -t network, or tabedit networks)\n' "$rows"
}

# console_lookalikes UNIT: pids of processes that make makeconservercf or makegocons believe that the other console service runs:
# they look for a text among all command lines (facts/xcat.md C14).
console_lookalikes() {
  local text=/usr/bin/goconserver
  [[ $1 == conserver ]] || text=/usr/sbin/conserver
  pgrep -af -- "$text" | grep -v -e "^$$ " -e 'pgrep' || true
}
