# hostsEntry: the VIP with its names and both nodes' static names in /etc/hosts, the same lines on both nodes, because
# the nightly copy brings the active node's whole file to the other one (the manual, "Configure Hostname").
# xCAT reads only this file: makedns leaves out what is not there, and fails where the own host name is missing
# (docs/xcat-facts.md, What makedns does).

HOSTS_FILE=/etc/hosts

# hosts_wanted: each address of ours with its names, in order, into REPLY, a semicolon behind each.
hosts_wanted() {
  local address ORDERED
  REPLY=
  in_order "${!WANT[@]}"
  for address in "${ORDERED[@]}"; do REPLY+="$address ${WANT[$address]};"; done
}

# hosts_awk PROGRAM FILE: with wanted[ADDRESS] = names, owner[name] = its address, is_wanted(line's address, its names).
# A name of ours at another IPv4 address (Debian's 127.0.1.1), at ::1 or at a mapped one is in the way: the resolver
# takes the first line. What an admin added behind our names, other IPv6 addresses and comments are nobody's business
# but his.
hosts_awk() {
  local REPLY
  hosts_wanted
  awk -v lines="$REPLY" "$HOSTS_ENTRY_AWK$1" "$2"
}

hostsEntry_observe() {
  local address seen lines
  [[ -r $HOSTS_FILE ]] ||
    fail unknown "$HOSTS_FILE on $NODE cannot be read; expected the hosts file" \
      "$(stat -c '%A %U %n' "$HOSTS_FILE" 2>&1)" "look at $HOSTS_FILE on $NODE, then run the same command again"
  lines=$(hosts_awk '
    NF && ($1 in wanted) { found[$1] = found[$1] (found[$1] == "" ? "" : " ") names_of(2); lines_of[$1]++ }
    NF && counts($1) {
      for (i = 2; i <= NF; i++) {
        ours = tolower($i) in owner ? owner[tolower($i)] : $1
        if (ours != $1) other[ours] = other[ours] "; " $i " also at " $1
      }
    }
    END {
      for (i = 1; i <= count; i++) {
        address = order[i]
        seen = address in found ? found[address] : "absent"
        if (lines_of[address] == 1 && holds(seen, wanted[address])) seen = wanted[address]
        if (lines_of[address] > 1) seen = seen " (on " lines_of[address] " lines)"
        print address "\t" seen other[address]
      }
    }' "$HOSTS_FILE") ||
    fail unknown "$HOSTS_FILE on $NODE cannot be read; expected the names of ours in it" \
      "awk failed, as the line above says" "look at $HOSTS_FILE on $NODE, then run the same command again"
  while IFS=$'\t' read -r address seen; do
    [[ -z $address ]] || SEEN[$address]=$seen
  done <<<"$lines"
}

# hostsEntry_apply: lines of ours are corrected in place; a missing one goes to the end; the others and their order
# stay.
hostsEntry_apply() {
  local address differs='' ORDERED
  hostsEntry_observe
  in_order "${!WANT[@]}"
  for address in "${ORDERED[@]}"; do
    [[ ${SEEN[$address]} == "${WANT[$address]}" ]] || differs="$differs $address"
  done
  hosts_forget
  [[ -n $differs ]] || return 0
  install -d -m 0700 "$RECORDS"
  [[ -e $RECORDS/hosts.found ]] || cp -a -- "$HOSTS_FILE" "$RECORDS/hosts.found"
  edit_file "$HOSTS_FILE" 0644 hosts_awk "$HOSTS_ENTRY_APPLY_AWK"
  say "$HOSTS_FILE:$differs with the names of ours"
}

# hosts_forget: the lines of addresses that are ours no more.
hosts_forget() {
  local address former=
  for address in "${!BEFORE[@]}"; do [[ -n ${WANT[$address]:-} ]] || former="$former $address"; done
  [[ -z $former ]] || hosts_put_back "$former"
}

# hostsEntry_remove: each of our lines as it was found before the first change; what was not there goes. Foreign lines
# stay as they are now.
hostsEntry_remove() {
  local ORDERED
  in_order "${!WANT[@]}"
  hosts_put_back "${ORDERED[*]} "
}

hosts_put_back() { # ADDRESSES
  local found=$RECORDS/hosts.found
  [[ -e $found ]] || return 0
  edit_file "$HOSTS_FILE" 0644 awk -v ours="$1" -v found="$found" '
    BEGIN {
      count = split(ours, address, " ")
      for (i = 1; i <= count; i++) mine[address[i]] = 1
      while ((getline text < found) > 0) {
        split(text, word, " ")
        if (word[1] in mine) before[word[1]] = before[word[1]] text "\n"
      }
    }
    $1 in mine { if (!($1 in done)) printf "%s", before[$1]; done[$1] = 1; next }
    { print }
    END { for (i = 1; i <= count; i++) if (!(address[i] in done)) printf "%s", before[address[i]] }'
}
