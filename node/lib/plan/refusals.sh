# What stands in the way of both roles, and how it is said.

# refuse_dissolved: what the share holds is old. Put away by the time at which it became so: a pair can be dissolved
# more than once.
refuse_dissolved() {
  local home=${FACT[dissolved]%% *} since=${FACT[dissolved]#* } next
  next="to make a pair again, put the old data away first: cd ${FACT[share_path]} && mkdir old-$since && mv xcat \
install .xcat pgsql tftpboot .xcat-ha/dissolved old-$since/; then pulumi up on the stack of $home"
  # Cut before its own directories were in place.
  [[ $home != "${FACT[node]}" || ${FACT[links]} == none ]] ||
    next="run pulumi destroy on the stack of $home again: it goes on"
  refuse refused \
    "the pair was dissolved: $home took the data back at $since, and what ${FACT[share_path]} holds is old; nothing \
was touched" \
    "${FACT[share_path]}/.xcat-ha/dissolved" "$next"
}

# refuse_other_stack: two stacks would each undo what the other does, and either's destroy would take the node from the
# other.
refuse_other_stack() {
  refuse refused \
    "${FACT[node]} is managed by the stack ${FACT[managed_by]}; expected ${FACT[stack]}, which asks; nothing was \
touched" \
    "/etc/xcat-ha/stack on ${FACT[node]}" \
    "pulumi up -s ${FACT[managed_by]#*/}" \
    "pulumi config set node ${FACT[peer]} -s ${FACT[stack]#*/}" \
    "where ${FACT[managed_by]} was renamed to ${FACT[stack]} or is no more: rm /etc/xcat-ha/stack on ${FACT[node]}, \
then the same command again"
}

# is_frozen: what is asked would change who is active. An owner that was rebooted meanwhile takes up again where it was.
is_frozen() {
  [[ -n ${FACT[frozen]} ]] || return 1
  case ${FACT[role]}/${FACT[lease]} in
    active/other* | standby/mine*) return 0 ;;
    active/released) [[ ${FACT[holder]} != "${FACT[node]}" ]] ;;
    *) return 1 ;;
  esac
}

refuse_frozen() {
  refuse refused "the pair is frozen ${FACT[frozen]}; expected no change of role meanwhile; nothing was touched" \
    "${FACT[share_path]}/.xcat-ha/frozen; ${FACT[sentence]}" \
    "wait for its end, then the same command again" \
    "where nobody works on ${FACT[holder]} any more: xcat-ha thaw on either node, then the same command again"
}

# refuse_missing_units: before anything is stopped for services that could never be complete.
refuse_missing_units() {
  local units
  read -ra units <<<"${FACT[lacking]}"
  refuse misconfigured \
    "${FACT[node]} has no unit ${units[*]/%/.service}; cluster.yaml lists ${units[*]} under services; nothing was \
touched" \
    "systemctl show -p LoadState ${units[*]/%/.service}" \
    "install ${units[*]} on ${FACT[node]}" \
    "where a unit is masked: systemctl unmask it on ${FACT[node]}" \
    "take ${units[*]} out of services in cluster.yaml"
}

# refuse_unfit: found by the standby node's own preview, and not in the night of a failover.
refuse_unfit() {
  refuse misconfigured \
    "PostgreSQL of ${FACT[node]} cannot run the database of the pair: ${FACT[unfit]}; expected the same major \
version and uid on both nodes; nothing was touched" \
    "PG_VERSION and owner of the data directory on ${FACT[share_path]}; postgres -V and id -u postgres on \
${FACT[node]}" \
    "install the same major version of PostgreSQL on ${FACT[node]}, then run the same command again" \
    "give its user the same uid there (usermod -u, and chown of its files), then run the same command again"
}

# refuse_peer_unfit: while this node still serves.
refuse_peer_unfit() {
  local file=${FACT[share_path]}/.xcat-ha/nodes/${FACT[peer]}
  refuse misconfigured \
    "${FACT[peer]} cannot run the database of the pair: ${FACT[peer_unfit]}; expected a node that can before \
${FACT[node]} steps down; nothing was touched" \
    "$file, as the watch of ${FACT[peer]} wrote it last" \
    "correct it on ${FACT[peer]}; half a minute later the same command again" \
    "to stop the services although no node could go on: systemctl stop xcat-ha-watch.timer on ${FACT[peer]}, rm $file, \
then the same command again"
}

first_setup_finished_or_ours() { [[ ${FACT[shared]} == present || ${FACT[holder]} == "${FACT[node]}" ]]; }

refuse_unfinished() {
  refuse incomplete \
    "the shared directories are ${FACT[shared]}: the first setup by ${FACT[holder]} did not finish; nothing was \
touched" \
    "${FACT[sentence]}; links on ${FACT[node]}: ${FACT[links]}" \
    "pulumi up on the stack of ${FACT[holder]} with activeNode ${FACT[holder]}: it goes on where it ended"
}

# mount_is_refused: on a file system of one kernel nothing becomes active, ever; its options are for who begins.
mount_is_refused() {
  [[ ${FACT[mount]} != ok ]] || return 1
  if [[ ${FACT[role]} == standby ]]; then joins; else first_setup || [[ ${FACT[mount]} != 'is mounted with '* ]]; fi
}

# all_is_known: else what no look has answered is in `unknown`; but for the clock and the database, which have sentences
# of their own.
all_is_known() {
  local fact
  unknown=
  [[ ${FACT[*]} == *unknown* ]] || return 0
  for fact in "${!FACT[@]}"; do
    [[ ${FACT[$fact]} != unknown || $fact == @(clock|database) ]] || unknown+=" $fact"
  done
  [[ -z $unknown ]]
}

# first_setup: nothing serves from the share yet, so a mistake may be corrected first; later a failover must not fail
# for what ran all year.
first_setup() { [[ ${FACT[lease]} == none || ${FACT[shared]} != present ]]; }

# joins: a standby node of which nothing can be stopped or lost yet.
joins() { [[ ${FACT[role]} == standby && -z ${FACT[running]} && ${FACT[links]} != all ]]; }
