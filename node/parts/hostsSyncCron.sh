# hostsSyncCron: /etc/hosts goes from the active to the standby node at the configured time (the manual, "synchronize
# /etc/hosts"; always in this direction, docs/xcat-facts.md, Mistakes of the manual), with the SSH trust that it needs:
# a key of its own on shared data, that may do nothing else.

# cron_text: the whole file. The program looks at the lease first: a node that died as the active one must not push its
# old file.
cron_text() {
  printf '# xcat-ha: /etc/hosts to %s\n%s root %s sync-hosts\n' "${WANT[peer]}" "${WANT[schedule]}" "$PROGRAM"
}

# sync_key_state: present or absent; one that is empty is none.
sync_key_state() {
  local kind
  kind=$(share_kind "$(sync_key)") || exit
  if [[ $kind == 'regular file' ]]; then printf 'present\n'; else printf 'absent\n'; fi
}

# trust_line: the peer's key in authorized_keys: it may only deliver /etc/hosts, only from its static address. Nothing
# where there is none yet.
trust_line() {
  local public kind key
  public=$(share_text "$(sync_key).pub" "the key of the hosts sync") || exit
  [[ -n $public ]] || return 0
  # Without the comment.
  read -r kind key _ <<<"$public"
  printf 'restrict,from="%s",command="%s receive-hosts" %s xcat-ha hosts-sync\n' "${WANT[peerAddress]}" "$PROGRAM" \
    "$kind $key"
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
    [[ -n $line ]] ||
      fail incomplete "the key of the hosts sync is not on shared data yet; expected $(sync_key).pub" \
        "$(share_do ls -la "$SHARE/.xcat-ha" 2>&1 | tr '\n' ' ')" \
        "pulumi up on the stack of ${WANT[peer]} first, then here again"
    install -d -m 0700 "${AUTHORIZED_KEYS%/*}"
    others=$(trust_others) || exit
    printf '%s\n' ${others:+"$others"} "$line" | write_file "$AUTHORIZED_KEYS" 0600
  fi
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
