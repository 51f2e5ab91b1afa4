# What DNS and DHCP have of xCAT's nodes, against what they had before the failover. makedns and makedhcp end with 0
# where they find no address of a node (docs/xcat-facts.md, Addresses come from the hosts file): what counts is what
# named and dhcpd have then.
#
#   SHARE/.xcat-ha/hosts/000007.counts   of epoch 7: "nodes N", then a line for each node: its name, and dns, dhcp where
#                                        it has them
#
# What was lost stays in it until it is back, or is no node any more: the next failover would take the loss for what was
# there before.

# Of all looks together. Behind the change of role: nobody waits for them.
COUNT_SECONDS=120

# counts_rows: of verify.
counts_rows() {
  local seen deadline=$((SECONDS + COUNT_SECONDS)) compared kept said
  lease_read
  seen=$(counts_look nodes counts_nodes)
  seen+=$'\n'$(counts_look before counts_before)
  [[ $seen != *node\ * || " ${SERVICES[*]} " != *' named '* ]] || seen+=$'\n'$(counts_look dns counts_dns <<<"$seen")
  [[ $seen != *node\ * || " ${SERVICES[*]} " != *' dhcpd '* ]] || seen+=$'\n'$(counts_look dhcp counts_dhcp)
  compared=$(counts_compare <<<"$seen")
  sed '/^keep /d' <<<"$compared"
  kept=$(sed -n 's/^keep //p' <<<"$compared")
  [[ -n $kept ]] || return 0
  said=$(printf '%s\n' "$kept" | share_write "$(hosts_directory)/${LEASE[epoch]}.counts" 0644 2>&1) ||
    row warning 'DNS, DHCP' "what they have could not be kept on $SHARE, and the next failover has only what was kept \
before: $(one_line "${said:-no answer within $SHARE_DEADLINE s}")"
}

# counts_look WHAT LOOK: the lines of the look behind the word that it was taken; or why it could not be.
counts_look() {
  local said result=0
  said=$("$2" 2>&1) || result=$?
  if ((result == 0)); then
    printf 'told %s\n%s\n' "$1" "$said"
  else
    said=${said#*error: }
    said=${said%%$'\n'*}
    said=${said//$'\t'/ }
    printf 'untold %s %s\n' "$1" "${said:0:300}"
  fi
}

# counts_left: seconds.
counts_left() { if ((deadline > SECONDS)); then printf '%s\n' "$((deadline - SECONDS))"; else printf '1\n'; fi; }

# counts_ask COMMAND...: what xCAT's command answers; else false, and why. An error can leave its exit code at 0
# (docs/xcat-facts.md, Running a command).
counts_ask() {
  local said result=0
  said=$(xcat "$(counts_left)" "$@" 2>&1) || result=$?
  if ((result != 0)) || [[ $'\n'$said == *$'\nError:'* ]]; then
    said=$(one_line "$said")
    if ((result == 124)); then said='no answer in time'; else said="ended with $result and said ${said:-nothing}"; fi
    printf '%s: %s\n' "$1" "$said"
    return 1
  fi
  printf '%s\n' "$said"
}

# counts_nodes: xCAT's nodes; of which its tables or the hosts file have an address, or its tables a MAC.
counts_nodes() {
  local said nodes
  said=$(counts_ask nodels '/.*' hosts.ip mac.mac) || {
    # Where there is no node, a range of nodes is an error.
    if ! nodes=$(counts_ask nodels) || [[ -n $nodes ]]; then
      printf '%s\n' "$said"
      return 1
    fi
    said=
  }
  nodes=$(awk '
    ($2 == "hosts.ip:" || $2 == "mac.mac:") && $1 ~ /^[A-Za-z0-9_][A-Za-z0-9._-]*:$/ {
      sub(/:$/, "", $1)
      if (!($1 in known)) print "node", $1
      known[$1] = 1
      if (NF > 2) print ($2 == "hosts.ip:" ? "address" : "mac"), $1
    }' <<<"$said") || return
  # An xcatd without its database has no nodes either.
  [[ -n $nodes ]] || xcatd_ready || {
    printf 'nodels lists no node, and xcatd does not answer tabdump site\n'
    return 1
  }
  printf '%s\n' "$nodes"
  awk '{
    sub(/#.*/, "")
    for (i = 2; i <= NF; i++) { print "address", $i; if (sub(/\..*/, "", $i)) print "address", $i }
  }' "$HOSTS_FILE"
}

# counts_before: what the newest record says.
counts_before() {
  local newest file said
  newest=$(hosts_newest .counts) || return
  [[ $newest != 000000 ]] || {
    printf 'first\n'
    return 0
  }
  file=$(hosts_directory)/$newest.counts
  said=$(share_text "$file" "what DNS and DHCP had") || {
    printf '%s\n' "$said"
    return 1
  }
  said=$(awk '
    NR == 1 { if ($1 != "nodes" || NF != 2) bad = 1; count = $2; next }
    !/^[A-Za-z0-9_][A-Za-z0-9._-]*( dns)?( dhcp)?$/ { bad = 1 }
    { print "before", $0 }
    END { exit bad || NR - 1 != count }' <<<"$said") || {
    printf '%s is not whole\n' "$file"
    return 1
  }
  printf '%s\n' "$said"
}

# counts_domains: those in which makedns writes names.
counts_domains() {
  local said
  said=$(counts_ask lsdef -t site -i domain -c) || {
    printf '%s\n' "$said"
    return 1
  }
  sed -n 's/^[^:]*: domain=\(.\)/\1/p' <<<"$said" || return
  said=$(counts_ask lsdef -t network -i domain -c) || {
    printf '%s\n' "$said"
    return 1
  }
  sed -n 's/^[^:]*: domain=\(.\)/\1/p' <<<"$said" || return
}

# counts_dns: of the nodes on standard input, to which named answers with an address at the VIP. One process asks for
# all of them, into a file: bash reads a pipe byte by byte. Of a node whose question has no answer nothing is said.
counts_dns() {
  local domains questions=$RUN/counts.questions answers=$RUN/counts.answers said
  command -v dig >/dev/null || {
    printf 'there is no dig on %s (package bind-utils; on Debian and Ubuntu bind9-dnsutils)\n' "$NODE"
    return 1
  }
  domains=$(counts_domains) || {
    printf '%s\n' "${domains##*$'\n'}"
    return 1
  }
  [[ -n $domains ]] || {
    printf 'the site table has no domain\n'
    return 1
  }
  awk -v domains="${domains//$'\n'/ }" '
    BEGIN { count = split(domains, domain, " ") }
    $1 == "node" {
      for (i = 1; i <= count; i++) {
        at = length($2) - length(domain[i])
        name = $2 "." domain[i]
        if (at > 1 && substr($2, at) == "." domain[i]) name = $2
        if (!((name, $2) in asked)) print name, $2
        asked[name, $2] = 1
      }
    }' >"$questions" || return
  said=$(within "$(counts_left)" bash -c '
    cut -d" " -f1 -- "$2" >"$3.asked" &&
      dig "@$1" +noall +comments +question +answer +norecurse +time=2 +tries=2 -f "$3.asked" >"$3" 2>&1' \
    dig "$VIP" "$questions" "$answers" 2>&1) || true
  # REFUSED: a domain that is none of named's.
  awk "$COUNTS_DNS_AWK" "$questions" "$answers" || {
    said+=$(grep -m 1 -E '^(;; (communications|connection|no servers)|dig: )' "$answers" 2>&1) || true
    printf 'named answers no question at %s: %s\n' "$VIP" "${said:-no answer in time}"
    return 1
  }
}

# counts_dhcp: which node has a reservation, in ISC's words or Kea's.
counts_dhcp() {
  local said
  dhcpd_ready || {
    printf 'dhcpd does not listen\n'
    return 1
  }
  said=$(counts_ask makedhcp -q '/.*') || {
    printf '%s\n' "$said"
    return 1
  }
  sed -nE 's/^([^: ]+): ip-address = .*/dhcp \1/p' <<<"$said"
}

# counts_compare: rows, and behind "keep" the lines of the new record, of the looks on standard input. Reads nothing
# else.
#
# told WHAT, untold WHAT WHY     a look was taken, or could not be: nodes, before, dns, dhcp
# node, address, mac NAME        a node; an address, or a MAC, is known of it
# dns, nodns, dhcp NAME          named has the name, or says that it does not; dhcpd has the reservation
# first                          there is no record
# before NAME [dns] [dhcp]       a line of the record
counts_compare() {
  awk -v vip="$VIP" -v node="$NODE" -v files="$(hosts_directory)" -v hosts="$HOSTS_FILE" \
    -v former="$RECORDS/hosts.before" "$COUNTS_COMPARE_AWK"
}
