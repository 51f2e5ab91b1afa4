# Verification of the active node (the manual, "Verification"): our own checks, xcatprobe with the VIP's label, and the
# cluster data.

readonly PROBE=/opt/xcat/probe/subcmds/xcatmn
readonly PROBE_SECONDS=300
readonly PERL_SECONDS=30

# row RESULT CHECK WHAT [NEXT...]: of the table that verify prints; RESULT is ok, warning, harmless or failed.
row() {
  printf '%s\t%s\t%s' "${@:1:3}"
  [[ -z ${4:-} ]] || printf '\t%s' "${@:4}"
  printf '\n'
}

# probe_rows LABEL: xcatprobe's findings as rows.
probe_rows() {
  if [[ -x $PROBE ]]; then
    probe_output_rows "$1"
  else
    row failed xcatprobe "$PROBE is not there" "install xCAT-probe on $NODE"
  fi
}

# probe_harmless LEVEL TEXT: into REPLY why this finding of xcatprobe, with its REASON, is as it should be, or nothing
# (docs/xcat-facts.md, What xcatprobe prints). What forbids it goes to REASON.
probe_harmless() {
  local said
  REPLY=
  case $1:${2,,} in
    "warning:checking xcat management node ip: <$VIP> is configured to static"* | warning:*'static ip'*)
      REPLY='the VIP is not persistent, on purpose'
      ;;
    failed:'checking db packages installation'*)
      [[ $REASON == 'perl-DBD-Pg is not installed.' && $(system_column) == @(debian|ubuntu) ]] || return 0
      if said=$(within "$PERL_SECONDS" perl -MDBD::Pg -e1 2>&1 </dev/null); then
        REPLY='it asks rpm, which knows no package here; perl loads DBD::Pg'
      else
        said=${said%%$'\n'*} said=${said//$'\t'/ }
        REASON+="; perl -MDBD::Pg -e1: ${said:-no answer}"
      fi
      ;;
  esac
}

# probe_next TEXT: into REPLY the next command for a finding of xcatprobe with its REASON, or nothing where it is not
# known.
probe_next() {
  case "$1 $REASON" in
    *'xCAT daemons are running'* | *'can receive command request'*)
      REPLY='systemctl status xcatd, journalctl -u xcatd'
      ;;
    *"There isn't NIC"* | *"There isn't IP address assigned"*)
      REPLY='ip -4 -o address show: the VIP must be there under its label; pulumi up puts it there'
      ;;
    *"doesn't equal the value of 'master'"*) REPLY="chdef -t site master=$VIP" ;;
    *"doesn't belong to any network"*)
      REPLY='tabdump networks: one row must have net and mask of the VIP, and its label as mgtifname, '
      REPLY+='which pulumi up sets'
      ;;
    *"'site' table is configured"*) REPLY='tabdump site; chdef -t site NAME=VALUE for each that is missing' ;;
    *"'passwd' table is configured"*) REPLY='tabedit passwd: a row with the key system, a username and a password' ;;
    *'HTTP service is configured'*)
      REPLY='systemctl status httpd (apache2 on Debian, Ubuntu and SLES): it is not managed here; '
      REPLY+='enable it on both nodes'
      ;;
    *'TFTP service is configured'*)
      REPLY="ss -ulnp 'sport = :69' says who has the port; xcatd brings its own server when it starts"
      ;;
    *'DNS service is configured'*) REPLY="systemctl status $(unit_of named); makedns -n, then nslookup $VIP $VIP" ;;
    *'DHCP service is configured'*) REPLY="systemctl status $(unit_of dhcpd); makedhcp -n, then makedhcp -a" ;;
    *'NTP service is configured'*) REPLY='ntpq -pn (with chrony: chronyc sources) says which time servers answer' ;;
    *'rsyslog service is configured'*) REPLY='systemctl enable --now rsyslog, on both nodes' ;;
    *'SELinux is disabled'*)
      REPLY='getenforce; where it must not be enforcing: setenforce 0, and SELINUX=permissive in /etc/selinux/config'
      ;;
    *'DB packages installation'*)
      REPLY='install the PostgreSQL driver of perl (perl-DBD-Pg; libdbd-pg-perl on Debian and Ubuntu)'
      ;;
    *) REPLY= ;;
  esac
}

# probe_output_rows LABEL: its exit code is 0 whatever it finds, so the raw lines are read (docs/xcat-facts.md, What
# xcatprobe prints). Beneath a check that failed stand its reasons; those of service nodes come in between.
probe_output_rows() {
  local log="$RUN/probe.log" result=0 line at server=mn level verdict='' repeats='' by_hand REASON REPLY
  local form='^\[(ok|warning|failed|debug)\] *:(\[([^]]*)\]: *)? *(.*)$'
  local levels=() texts=() reasons=()
  local -A latest=()
  by_hand="on $NODE, in a login shell: xcatprobe -w -V xcatmn -i $1"
  # It leaves a file in the directory from which it is started.
  (cd "$RUN" && quietly "$log" xcat "$PROBE_SECONDS" "$PROBE" -i "$1") || result=$?
  while IFS= read -r line || [[ -n $line ]]; do
    [[ $line =~ $form ]] || continue
    level=${BASH_REMATCH[1]} server=${BASH_REMATCH[3]:-$server} line=${BASH_REMATCH[4]//$'\t'/ }
    [[ $line != *'= SUMMARY ='* ]] || repeats=yes
    [[ $server != MN || $line != 'Checking on MN'* ]] || verdict=$level
    [[ -z $repeats && $server != @(MN|SN:*) ]] || continue
    if [[ $level == debug ]]; then
      at=${latest[$server]:-}
      [[ -z $at ]] || reasons[at]+="${reasons[at]:+; }$line"
    else
      latest[$server]=${#levels[@]}
      [[ $server == mn ]] || line="$server: $line"
      levels+=("$level") texts+=("$line") reasons+=('')
    fi
  done <"$log"
  if ((result != 0)) || [[ -z $verdict ]]; then
    row failed xcatprobe "ended with $result before its summary: $(last_lines "$log")" "$by_hand"
  elif [[ $verdict == failed && " ${levels[*]} " != *' failed '* ]]; then
    row failed xcatprobe 'its summary says that a check failed, and none is named' "$by_hand"
  fi
  for at in "${!levels[@]}"; do
    level=${levels[at]} line=${texts[at]} REASON=${reasons[at]}
    if [[ $level == ok ]]; then
      row ok xcatprobe "$line"
      continue
    fi
    probe_harmless "$level" "$line"
    if [[ -n $REPLY ]]; then
      row harmless xcatprobe "$line ($REPLY)"
    else
      probe_next "$line"
      [[ $level != failed || -n $REPLY ]] || REPLY=$by_hand
      row "$level" xcatprobe "$line${REASON:+ $REASON}" "$REPLY"
    fi
  done
}

# verify_rows: every check of the active node.
verify_rows() {
  local part key compared label result=0 LOOK LOOK_WHY WRONG
  for part in "${MANIFEST[@]%% *}"; do
    [[ $part != nodeProgram ]] || continue
    load_values active "$part"
    part_look "$part"
    case $LOOK in
      same) row ok "$part" "observed" ;;
      differs) for key in "${WRONG[@]}"; do row failed "$part" "${key//[$'\n\t']/ }"; done ;;
      unknown) row failed "$part" "cannot be observed: $LOOK_WHY" ;;
    esac
  done
  hosts_row
  counts_rows
  load_values active virtualIp
  label=${WANT[label]}
  probe_rows "$label"
  compared=$(compare_cluster_data 2>&1) || result=$?
  case $result in
    0) row ok 'cluster data' "$(head -n 1 <<<"$compared")" ;;
    1) while IFS= read -r key; do row warning 'cluster data' "$key"; done <<<"$compared" ;;
    *) row failed 'cluster data' "${compared//$'\n'/ }" ;;
  esac
}

# verify_lines: the rows, and one that failed where they did not come to their end. What differs in the cluster data is
# for a person to judge: admins change it too. No substitution in a condition, neither here nor around it: see
# part_look.
verify_lines() {
  local rows=()
  mapfile -t rows < <(
    verify_rows
    printf 'the end\n'
  )
  if ((${#rows[@]})) && [[ ${rows[-1]} == 'the end' ]]; then
    unset 'rows[-1]'
  else
    rows+=("$(row failed 'the checks' 'did not come to their end')")
  fi
  printf '%s\n' "${rows[@]}"
}

# verify_table: for people.
verify_table() {
  local lines
  lines=$(verify_lines)
  awk -F'\t' '
    { printf "%-9s %-16s %s\n", $1, $2, $3; for (i = 4; i <= NF; i++) printf "%-9s %-16s next: %s\n", "", "", $i }
  ' <<<"$lines"
}

# passed TABLE: false when a check failed.
passed() { [[ $'\n'$1 != *$'\n'failed* ]]; }

# verify_after_activation: the same, as the end of a change of role. It never fails the run: the services are there, and
# a person must read it.
verify_after_activation() {
  local table
  say "verifying: every part, xcatprobe, the cluster data"
  table=$(verify_table)
  if passed "$table"; then
    say "verified: $(grep -c '^ok' <<<"$table") checks passed"
  else
    say "verification found what is not right; xcat-ha verify on $NODE shows the whole table"
  fi
  # With the lines beneath them. How many nodes have a name and a reservation is told in any case.
  awk '/^[^ ]/ { shown = /^(failed|warning)/ || /^ok +(DNS|DHCP) / } shown' <<<"$table"
}
