# What is reserved in the file of dhcpd.

# reservations_forget: what is reserved in dhcpd's own file, by OMAPI, goes before it starts: it is of the last time
# that this node was active, and outlives makedhcp -n. makedhcp -a brings those of the tables. Clients' leases stay.
# Kea's reservations are in its configuration, made anew.
reservations_forget() {
  local file temporary removed REPLY
  [[ $(unit_of dhcpd) != kea-* ]] || return 0
  file=$(dhcpd_leases) || exit
  local_kind "$file" || {
    reservations_left "$file" "$REPLY"
    return 0
  }
  [[ $REPLY != absent ]] || return 0
  # It would write the file anew.
  unit_stopped dhcpd || unit_stop dhcpd "$STOP_SECONDS"
  file=$(readlink -m -- "$file")
  temporary=$(mktemp "$file.xcat-ha-XXXXXX" 2>&1) || {
    reservations_left "$file" "$temporary"
    return 0
  }
  if ! removed=$(leases_without_hosts "$file" "$temporary" 2>&1) || [[ $removed != +([0-9]) ]]; then
    reservations_left "$file" "$removed"
  elif [[ $removed != 0 ]]; then
    REPLY=$({
      cp -a --attributes-only -- "$file" "$temporary" && sync "$temporary" &&
        cp -af -- "$file" "$file.xcat-ha-former" && mv -f -- "$temporary" "$file"
    } 2>&1) || reservations_left "$file" "$REPLY"
    [[ -e $temporary ]] ||
      say "$removed reservations of an earlier time are out of $file; makedhcp -a makes those of the tables; the \
former file is $file.xcat-ha-former"
  fi
  rm -f -- "$temporary"
}

reservations_left() {
  say "warning: reservations of an earlier time may still be in $1, also of nodes that are not in xCAT's tables any \
more: ${2//$'\n'/ }; it was not touched"
  say "next: look at it on $NODE; where nothing else in it counts: systemctl stop $(unit_of dhcpd), mv it away, touch \
$1, then pulumi up on the stack of $NODE"
}

# leases_without_hosts FILE TO: the file without its host declarations into TO, where it has any; prints how many. What
# does not read as declarations to its end is an error: what would be left of it is not known.
leases_without_hosts() {
  perl -e "$LEASES_WITHOUT_HOSTS_PERL" "$1" "$2" </dev/null
}
