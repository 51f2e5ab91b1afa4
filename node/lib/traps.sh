# What makes xCAT's own steps fail half way, looked at before anything is stopped (docs/xcat-facts.md).

# cfgloc_read: the first line of /etc/xcat/cfgloc as DBD::Pg reads it, into CFGLOC: kind, the keys of its connection
# string (host, port, dbname, ...), login and password; nothing where the file is missing or empty. The keys come in any
# order, more of them than xCAT writes.
declare -gA CFGLOC=()
cfgloc_read() {
  local file line='' key text word="^[[:space:]]*([[:alnum:]_]+)[[:space:]]*=[[:space:]]*"
  word+="('(([^'\\\\]|\\\\.)*)'|([^[:space:]]*))(.*)\$"
  CFGLOC=()
  for file in /etc/xcat/cfgloc "$SHARE/xcat/cfgloc"; do
    line=$(share_text "$file" "where xCAT's database is") || exit
    [[ -z $line ]] || break
  done
  line=${line%%$'\n'*}
  line=${line%$'\r'}
  [[ -n $line ]] || return 0
  IFS='|' read -r line 'CFGLOC[login]' 'CFGLOC[password]' <<<"$line"
  CFGLOC[kind]=${line%%:*}
  # The driver makes blanks of the semicolons, and libpq reads the rest.
  line=${line#*:}
  line=${line//;/ }
  while [[ $line =~ $word ]]; do
    key=${BASH_REMATCH[1]} text=${BASH_REMATCH[3]}${BASH_REMATCH[5]} line=${BASH_REMATCH[6]}
    text=${text//\\/}
    [[ $key != @(db|database) ]] || key=dbname
    CFGLOC[$key]=$text
  done
}

# cfgloc_state: where xCAT's database is: "Pg ADDRESS", another engine, or "missing": without the file xcatd leaves an
# empty SQLite database in the directory and retries without end (docs/xcat-facts.md, How xcatd starts and stops).
cfgloc_state() {
  local host address
  local -A CFGLOC=()
  cfgloc_read
  if [[ -z ${CFGLOC[kind]:-} ]]; then
    printf 'missing\n'
  elif [[ ${CFGLOC[kind]} == Pg ]]; then
    # libpq goes to hostaddr where both are there.
    host=${CFGLOC[hostaddr]:-${CFGLOC[host]:-}}
    address=$(getent ahostsv4 "${host:-.}" | awk 'NR == 1 { print $1 }') || true
    printf 'Pg %s\n' "${address:-${host:-(no host: the socket of this node)}${host:+ (does not resolve)}}"
  else
    printf '%s\n' "${CFGLOC[kind]:0:20}"
  fi
}

# own_name_state: "ok", or what the own host name resolves to. makedns deletes the zones first and leaves named down
# where it does not resolve, and hangs where the address does not answer (docs/xcat-facts.md, What makedns does). Names
# that hostsEntry writes are as good as there.
own_name_state() {
  local own address addresses
  own=$(hostname) ||
    fail unknown "the own name of $NODE cannot be told; expected it, for makedns" "hostname ended with an error" \
      "hostname on $NODE; then run the same command again"
  if [[ " $HOST_NAMES " == *" $own "* ]]; then
    printf 'ok\n'
    return 0
  fi
  address=$(getent ahostsv4 "$own" | awk 'NR == 1 { print $1 }') || true
  addresses=$(all_addresses) || exit
  if [[ $address == "$VIP" || (-n $address && $addresses == *" inet $address/"*) ]]; then
    printf 'ok\n'
  else
    printf '%s resolves to %s\n' "$own" "${address:-nothing}"
  fi
}

# make_traps: fills FACT[traps], what in xCAT's tables makes a step fail, and FACT[traps_untold], which look failed and
# how. Asked while xcatd runs here.
make_traps() {
  local state said rows result=0
  FACT[traps]='' FACT[traps_untold]=''
  state=$(unit_state xcatd)
  if [[ $state == unknown ]]; then
    FACT[traps_untold]="systemctl does not say whether xcatd runs"
    return 0
  fi
  [[ $state == active ]] && virtualIp_is_here || return 0
  said=$(xcat "$TRAPS_SECONDS" lsdef -t site -i domain 2>&1) || result=$?
  if ((result != 0)) || [[ $said != *'Object name:'* && $said != *domain=* ]]; then
    trap_untold "lsdef -t site" "$result" "$said"
    return 0
  fi
  [[ $said == *domain=?* ]] ||
    FACT[traps]='the site table has no domain, which makedns and makedhcp need (chdef -t site domain=YOUR.DOMAIN)'
  # Where xcatd does not answer tabdump prints the header all the same (docs/xcat-facts.md, When xcatd or the database
  # is down): lsdef has just had an answer.
  said=$(xcat "$TRAPS_SECONDS" tabdump networks 2>&1) || result=$?
  if ((result != 0)) || [[ $said != *'#netname'* ]]; then
    trap_untold "tabdump networks" "$result" "$said"
    return 0
  fi
  rows=$(sed -nE '/^("[^"]*")?,(,|"[^"]*",,)/s/,.*//p' <<<"$said" | tr '\n' ' ')
  [[ -z $rows ]] ||
    FACT[traps]+="${FACT[traps]:+; }the networks table has rows without net or mask: $rows; chdef of any network \
fails then (rmdef -t network, or tabedit networks)"
}

readonly TRAPS_SECONDS=20

# trap_untold COMMAND CODE ANSWER
trap_untold() {
  local said=${3//[$'\n\t']/ }
  if (($2 == 124)); then
    said="no answer within $TRAPS_SECONDS s"
  else
    said="ended with $2 and said ${said:-nothing}"
  fi
  FACT[traps_untold]="$1: ${said:0:300}"
}

ROOT_SSH=/root/.ssh

# root_key_state: a sentence where xCAT of this node may not come to the compute nodes by SSH, or nothing. They let in
# the keys of the list on the share, which xCAT itself writes with the key of the node where it runs; without a list it
# gives them none.
root_key_state() {
  local list known file answer word files=() untold=''
  list=$(shared_of /install)/postscripts/_ssh/authorized_keys
  known=$(share_do cat -- "$list" 2>&1) || {
    [[ $known == *': No such file or directory' ]] ||
      printf 'whether the compute nodes let root of %s in cannot be told: %s cannot be read: %s\n' "$NODE" "$list" \
        "$(one_line "${known:-no answer within $SHARE_DEADLINE s}")"
    return 0
  }
  known=$(sed '/^[[:space:]]*#/d' <<<"$known")
  for file in "$ROOT_SSH"/id_*; do
    [[ -f $file && $file != *.pub ]] || continue
    files+=("$file")
    # The key that ssh would use, whatever the file beside it says.
    if answer=$(timeout 10 ssh-keygen -y -P '' -f "$file" 2>&1 </dev/null) &&
      [[ $answer =~ (^|[[:space:]])(AAAA[^[:space:]]+) ]]; then
      word=${BASH_REMATCH[2]}
      [[ ! $known =~ (^|[[:space:]])"$word"($|[[:space:]]) ]] || return 0
    else
      answer=$(one_line "${answer//$'\r'/}")
      untold+="${untold:+; }$file: ${answer:-no answer}"
    fi
  done
  if ((${#files[@]} == 0)); then
    printf \
      'the compute nodes would not let root of %s in: it has no key, %s/id_*. ssh-keygen -t rsa on %s makes one\n' \
      "$NODE" "$ROOT_SSH" "$NODE"
  elif [[ -n $untold ]]; then
    printf 'whether the compute nodes let root of %s in cannot be told: ssh-keygen does not say its key: %s\n' "$NODE" \
      "$untold"
  else
    printf "the compute nodes would not let root of %s in: its key %s is not in %s. To put it there: \
ssh-keygen -y -f %s >>%s on %s, then updatenode NODERANGE -P remoteshell on the active node\n" \
      "$NODE" "${files[0]}" "$list" "${files[0]}" "$list" "$NODE"
  fi
}

# console_lookalikes UNIT: pids of processes that make makeconservercf or makegocons believe that the other console
# service runs: they look for a text among all command lines (docs/xcat-facts.md, Console services).
console_lookalikes() {
  local text=/usr/bin/goconserver
  [[ $1 == conserver ]] || text=/usr/sbin/conserver
  pgrep -af -- "$text" | grep -v -e "^$$ " -e 'pgrep' || true
}
