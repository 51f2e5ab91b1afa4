# hostsSyncCron: /etc/hosts goes from the active to the standby node at the configured time (the manual, "synchronize /etc/hosts"; always in this
# direction, docs/xcat-facts.md, Mistakes of the manual), with the SSH trust that it needs: a key of its own on shared data, that may do nothing else.

# A cluster of 10,000 nodes has a hosts file of one megabyte.
readonly HOSTS_LIMIT=16777216
readonly SYNC_SECONDS=60
readonly SYNC_LOCK_SECONDS=20
CRON_FILE=/etc/cron.d/xcat-ha-hosts
AUTHORIZED_KEYS=/root/.ssh/authorized_keys

sync_key() { printf '%s/.xcat-ha/hosts-sync/id_ed25519\n' "$SHARE"; }

# cron_text: the whole file. The program looks at the lease first: a node that died as the active one must not push its old file.
cron_text() { printf '# xcat-ha: /etc/hosts to %s\n%s root %s sync-hosts\n' "${WANT[peer]}" "${WANT[schedule]}" "$PROGRAM"; }

# sync_key_state: present or absent; one that is empty is none.
sync_key_state() {
  local kind
  kind=$(share_kind "$(sync_key)") || exit
  if [[ $kind == 'regular file' ]]; then printf 'present\n'; else printf 'absent\n'; fi
}

# trust_line: the peer's key in authorized_keys: it may only deliver /etc/hosts, only from its static address. Nothing where there is none yet.
trust_line() {
  local public kind key
  public=$(share_text "$(sync_key).pub" "the key of the hosts sync") || exit
  [[ -n $public ]] || return 0
  # Without the comment.
  read -r kind key _ <<<"$public"
  printf 'restrict,from="%s",command="%s receive-hosts" %s xcat-ha hosts-sync\n' "${WANT[peerAddress]}" "$PROGRAM" "$kind $key"
}

hostsSyncCron_observe() {
  seen_as_told schedule peer peerAddress
  if [[ ! -e $CRON_FILE ]]; then
    SEEN[cron]=absent
  else
    SEEN[cron]=$(grep -v '^#' "$CRON_FILE") || true
  fi
  SEEN[crontab]=$(manual_cron_line) || exit
  [[ -n ${SEEN[crontab]} ]] || seen_as_told crontab
  [[ -z ${WANT[key]:-} ]] || SEEN[key]=$(sync_key_state) || exit
  if [[ -n ${WANT[trust]:-} ]]; then
    local line keys
    line=$(trust_line) || exit
    keys=$(authorized_keys) || exit
    if [[ -n $line ]] && grep -qxF -- "$line" <<<"$keys"; then SEEN[trust]=${WANT[trust]}; else SEEN[trust]=absent; fi
  fi
  SEEN[peerHostKey]=$(cat "$CONFIGURATION/known_hosts" 2>/dev/null) || SEEN[peerHostKey]='not pinned'
}

hostsSyncCron_apply() {
  local line others key
  write_file "$CONFIGURATION/known_hosts" 0644 <<<"${WANT[peerHostKey]}"
  line=$(manual_cron_line) || exit
  if [[ -n $line ]]; then
    # Read whole before anything is written: the admin's lines are among them.
    line=$(root_crontab) || exit
    write_file "$(fresh_name "$RECORDS/crontab.found")" 0600 <<<"$line"
    others=$(without_manual_cron <<<"$line")
    crontab -u root - <<<"$others"
    say "the manual's copy of /etc/hosts is out of root's crontab: it would go on after a failover"
  fi
  if [[ ${WANT[cron]} == absent ]]; then
    rm -f -- "$CRON_FILE"
  else
    lease_require "the key of the hosts sync"
    key=$(sync_key_state) || exit
    if [[ $key == absent ]]; then
      share_do install -d -m 0700 "$(dirname "$(sync_key)")"
      share_do rm -f -- "$(sync_key)"
      share_do ssh-keygen -q -t ed25519 -N '' -C 'xcat-ha hosts-sync' -f "$(sync_key)"
    fi
    cron_text | write_file "$CRON_FILE" 0644
  fi
  if [[ -n ${WANT[trust]:-} ]]; then
    line=$(trust_line) || exit
    [[ -n $line ]] || fail incomplete "the key of the hosts sync is not on shared data yet; expected $(sync_key).pub" \
      "$(share_do ls -la "$SHARE/.xcat-ha" 2>&1 | tr '\n' ' ')" "pulumi up on the stack of ${WANT[peer]} first, then here again"
    install -d -m 0700 "${AUTHORIZED_KEYS%/*}"
    others=$(trust_others) || exit
    printf '%s\n' ${others:+"$others"} "$line" | write_file "$AUTHORIZED_KEYS" 0600
  fi
}

# authorized_keys: every key that may log in; not to be able to read them is not "none": the admin's are among them.
authorized_keys() {
  [[ -e $AUTHORIZED_KEYS ]] || return 0
  cat -- "$AUTHORIZED_KEYS" || fail unknown "$AUTHORIZED_KEYS cannot be read on $NODE; expected the keys that may log in" "$(ls -la "$AUTHORIZED_KEYS" 2>&1)" \
    "look at it on $NODE, then run the same command again"
}

trust_others() {
  local keys
  keys=$(authorized_keys) || exit
  # Not to find one is no failure; to fail is not "none".
  grep -v 'xcat-ha hosts-sync$' <<<"$keys" || (($? == 1))
}

hostsSyncCron_remove() {
  local others
  rm -f -- "$CRON_FILE"
  [[ -e $AUTHORIZED_KEYS ]] || return 0
  others=$(trust_others) || exit
  printf '%s' "${others:+$others$'\n'}" | write_file "$AUTHORIZED_KEYS" 0600
}

# sync_hosts: what cron runs on the active node. The digest goes first: a file whose connection broke is not taken for a shorter one.
sync_hosts() {
  local content answer
  lease_read fresh
  [[ ${LEASE[is]} == mine ]] || fail held "/etc/hosts is not sent: $NODE does not hold the owner lease" "$(lease_sentence)" "pulumi up on the stack of $NODE"
  hosts_are_ours || fail refused "/etc/hosts is not sent: it may be older than that of $PEER; expected $NODE to have taken what the newest owner left" "$RECORDS/hosts.epoch" "$(hosts_next)"
  content=$(cat -- "$HOSTS_FILE" && printf .) || fail incomplete "$HOSTS_FILE cannot be read on $NODE; expected what $PEER is to get" "the line above" "look at it on $NODE"
  content=${content%.}
  # The key lies on the share, which may hang.
  answer=$(printf '%s\n%s' "$(printf %s "$content" | sha256sum | cut -c1-64)" "$content" | within "$SYNC_SECONDS" ssh -F none -i "$(sync_key)" -o BatchMode=yes -o IdentitiesOnly=yes -o ConnectTimeout=10 \
    -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$CONFIGURATION/known_hosts" -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias="$PEER" -p "$PEER_PORT" \
    "root@$PEER_ADDRESS" receive-hosts 2>&1) ||
    fail incomplete "/etc/hosts could not be sent to $PEER ($PEER_ADDRESS)" "${answer:-no answer within $SYNC_SECONDS s}" \
      "pulumi up on the stack of $PEER, then $PROGRAM sync-hosts on $NODE"
}

# receive_hosts: what the key may do here, whatever command its client asks for: give the content of /etc/hosts on standard input, behind a line
# with its digest, while this node is not the owner.
receive_hosts() {
  local expected='' content wrong epoch
  receive_hosts_require
  epoch=${LEASE[epoch]}
  # A digest and its newline: who holds the key chooses no length.
  IFS= read -r -n 65 -t "$SYNC_SECONDS" expected || true
  content=$(timeout -k 2 "$SYNC_SECONDS" head -c "$HOSTS_LIMIT" | tr -d '\0' && printf .)
  content=${content%.}
  [[ $(printf %s "$content" | sha256sum | cut -c1-64) == "$expected" ]] ||
    fail refused "what came in is no whole hosts file; expected its digest, and then at most $HOSTS_LIMIT bytes with that digest" "${#content} characters behind '${expected:0:64}'" \
      "xcat-ha sync-hosts on the active node"
  wrong=$(not_of_hosts <<<"$content")
  [[ -n $content && -z $wrong ]] || fail refused "what came in is no hosts file; expected lines of an address and names" "${wrong:-nothing came in}" \
    "look at /etc/hosts on the active node, then xcat-ha sync-hosts there"
  # Under the lock of the runs, one of which may just have made this node the owner.
  install -d -m 0700 "$RUN"
  exec 9>>"$RUN/lock"
  flock -w "$SYNC_LOCK_SECONDS" 9 || fail incomplete "an order runs on $NODE; expected its end within $SYNC_LOCK_SECONDS s before /etc/hosts is written" "$RUN/lock" "xcat-ha sync-hosts on the active node"
  lock_note "$RUN/lock" "the hosts sync"
  receive_hosts_require
  # What an owner sent is older than what the next one has.
  [[ ${LEASE[epoch]} == "$epoch" ]] || fail refused "another epoch began while the hosts file came in; expected that of its owner; nothing was written" "$(lease_sentence)" "xcat-ha sync-hosts on the active node"
  printf %s "$content" | write_file "$HOSTS_FILE" 0644
}

receive_hosts_require() {
  lease_read fresh
  # A file of this node's own epoch, also behind its reboot or its release, is newer than what anybody else has.
  [[ ${LEASE[is]} == other* ]] || fail refused "$NODE takes a hosts file from the owner alone; expected $PEER to be it" "$(lease_sentence)" "nothing: $PEER stopped being active"
}

# not_of_hosts: the first line of standard input that hosts(5) does not know.
not_of_hosts() {
  awk '{ line = $0; sub(/#.*/, "") }
    NF == 0 { next }
    $1 !~ /^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9._-]+)?)$/ || /[^\t\r -~]/ { printf "line %d: %s\n", NR, substr(line, 1, 80); exit }'
}
