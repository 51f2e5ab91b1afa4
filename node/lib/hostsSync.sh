# /etc/hosts from the active node to the other one: what cron sends, and what the key may deliver.

# A cluster of 10,000 nodes has a hosts file of one megabyte.
readonly HOSTS_LIMIT=16777216
readonly SYNC_SECONDS=60
readonly SYNC_LOCK_SECONDS=20

CRON_FILE=/etc/cron.d/xcat-ha-hosts
AUTHORIZED_KEYS=/root/.ssh/authorized_keys

sync_key() { printf '%s/.xcat-ha/hosts-sync/id_ed25519\n' "$SHARE"; }

# authorized_keys: every key that may log in; not to be able to read them is not "none": the admin's are among them.
authorized_keys() {
  [[ -e $AUTHORIZED_KEYS ]] || return 0
  cat -- "$AUTHORIZED_KEYS" ||
    fail unknown "$AUTHORIZED_KEYS cannot be read on $NODE; expected the keys that may log in" \
      "$(ls -la "$AUTHORIZED_KEYS" 2>&1)" "look at it on $NODE, then run the same command again"
}

# sync_hosts: what cron runs on the active node. The digest goes first: a file whose connection broke is not taken for a
# shorter one.
sync_hosts() {
  local content answer
  lease_read fresh
  [[ ${LEASE[is]} == mine ]] ||
    fail held "/etc/hosts is not sent: $NODE does not hold the owner lease" "$(lease_sentence)" \
      "pulumi up on the stack of $NODE"
  hosts_are_ours ||
    hosts_fail refused \
      "/etc/hosts is not sent: it may be older than that of $PEER; expected $NODE to have taken what the newest \
owner left" \
      "$RECORDS/hosts.epoch"
  content=$(cat -- "$HOSTS_FILE" && printf .) ||
    fail incomplete "$HOSTS_FILE cannot be read on $NODE; expected what $PEER is to get" "the line above" \
      "look at it on $NODE"
  content=${content%.}
  # The key lies on the share, which may hang.
  answer=$(printf '%s\n%s' "$(printf %s "$content" | sha256sum | cut -c1-64)" "$content" | within "$SYNC_SECONDS" \
    ssh -F none -i "$(sync_key)" -o BatchMode=yes -o IdentitiesOnly=yes -o ConnectTimeout=10 \
    -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$CONFIGURATION/known_hosts" \
    -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias="$PEER" -p "$PEER_PORT" \
    "root@$PEER_ADDRESS" receive-hosts 2>&1) ||
    fail incomplete "/etc/hosts could not be sent to $PEER ($PEER_ADDRESS)" \
      "${answer:-no answer within $SYNC_SECONDS s}" "pulumi up on the stack of $PEER, then $PROGRAM sync-hosts on $NODE"
}

# receive_hosts: what the key may do here, whatever command its client asks for: give the content of /etc/hosts on
# standard input, behind a line with its digest, while this node is not the owner.
receive_hosts() {
  local expected='' content wrong epoch
  receive_hosts_require
  epoch=${LEASE[epoch]}
  # A digest and its newline: who holds the key chooses no length.
  IFS= read -r -n 65 -t "$SYNC_SECONDS" expected || true
  content=$(timeout -k 2 "$SYNC_SECONDS" head -c "$HOSTS_LIMIT" | tr -d '\0' && printf .)
  content=${content%.}
  [[ $(printf %s "$content" | sha256sum | cut -c1-64) == "$expected" ]] ||
    fail refused \
      "what came in is no whole hosts file; expected its digest, and then at most $HOSTS_LIMIT bytes with that digest" \
      "${#content} characters behind '${expected:0:64}'" "xcat-ha sync-hosts on the active node"
  wrong=$(not_of_hosts <<<"$content")
  [[ -n $content && -z $wrong ]] ||
    fail refused "what came in is no hosts file; expected lines of an address and names" "${wrong:-nothing came in}" \
      "look at /etc/hosts on the active node, then xcat-ha sync-hosts there"
  # Under the lock of the runs, one of which may just have made this node the owner.
  install -d -m 0700 "$RUN"
  exec 9>>"$RUN/lock"
  flock -w "$SYNC_LOCK_SECONDS" 9 ||
    fail incomplete \
      "an order runs on $NODE; expected its end within $SYNC_LOCK_SECONDS s before /etc/hosts is written" "$RUN/lock" \
      "xcat-ha sync-hosts on the active node"
  lock_note "$RUN/lock" "the hosts sync"
  receive_hosts_require
  # What an owner sent is older than what the next one has.
  [[ ${LEASE[epoch]} == "$epoch" ]] ||
    fail refused "another epoch began while the hosts file came in; expected that of its owner; nothing was written" \
      "$(lease_sentence)" "xcat-ha sync-hosts on the active node"
  printf %s "$content" | write_file "$HOSTS_FILE" 0644
}

receive_hosts_require() {
  lease_read fresh
  # A file of this node's own epoch, also behind its reboot or its release, is newer than what anybody else has.
  [[ ${LEASE[is]} == other* ]] ||
    fail refused "$NODE takes a hosts file from the owner alone; expected $PEER to be it" "$(lease_sentence)" \
      "nothing: $PEER stopped being active"
}

# not_of_hosts: the first line of standard input that hosts(5) does not know.
not_of_hosts() {
  awk '{ line = $0; sub(/#.*/, "") }
    NF == 0 { next }
    $1 !~ /^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9._-]+)?)$/ || /[^\t\r -~]/ {
      printf "line %d: %s\n", NR, substr(line, 1, 80)
      exit
    }'
}
