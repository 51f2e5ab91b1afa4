# Freeze: while somebody works on the active node, its network or its share, the roles stay, and no share that does not
# answer makes the owner step down. It ends by itself at the time that was named: what is forgotten does not stay.
#
#   SHARE/.xcat-ha/frozen      its end in seconds since 1970, who ordered it, why: one line
#   /var/lib/xcat-ha/frozen    the same on the active node, for the time in which its share cannot be read

readonly FREEZE_LONGEST=1440

frozen_file() { printf '%s/.xcat-ha/frozen\n' "$SHARE"; }

# frozen: until when, by whom and why, as the share says; nothing where the pair is not frozen, or not any more.
frozen() {
  local text
  text=$(share_text "$(frozen_file)" "whether the pair is frozen") || exit
  frozen_sentence "$text"
}

# frozen_here: the same as this node has noted it. Who cannot read the note goes on as without one.
frozen_here() {
  local text
  text=$(cat -- "$RECORDS/frozen" 2>/dev/null) || return 0
  (frozen_sentence "$text") 2>/dev/null || true
}

# frozen_sentence TEXT
frozen_sentence() {
  local until node reason
  [[ -n $1 ]] || return 0
  read -r until node reason <<<"$1"
  [[ $until =~ ^[0-9]{1,12}$ && -n $node ]] ||
    fail unknown "whether the pair is frozen cannot be told; expected an end, a node and a reason in $(frozen_file)" \
      "'$(one_line "${1:0:120}")'" \
      "xcat-ha thaw, where nobody works on the active node; then run the same command again"
  ((until > $(seconds_now))) || return 0
  TZ=UTC0 printf 'until %(%Y-%m-%dT%H:%M:%SZ)T by %s: %s\n' "$until" "$node" "$reason"
}

seconds_now() { printf '%(%s)T\n' -1; }

# freeze MINUTES REASON: at the console of the active node: its beat must know of it when it cannot read the share.
freeze() {
  local text
  [[ ${1:-} =~ ^[1-9][0-9]{0,3}$ && ${1:-} -le $FREEZE_LONGEST ]] ||
    fail usage "minutes: seen '${1:-}'; expected 1 to $FREEZE_LONGEST, after which the freeze ends by itself" \
      "xcat-ha freeze MINUTES REASON" "xcat-ha freeze 60 '${2:-REASON}'"
  [[ ${2:-} =~ [^[:space:]] && $2 != *$'\n'* ]] ||
    fail usage "reason: seen '${2:-}'; expected one line of text, for whoever finds the pair frozen" \
      "xcat-ha freeze MINUTES REASON" "xcat-ha freeze $1 REASON"
  lease_read fresh
  [[ ${LEASE[is]} == mine ]] ||
    fail held "$NODE is not the active node; expected to freeze the pair there" "$(lease_sentence)" \
      "xcat-ha freeze on ${LEASE[node]:-the active node}"
  text="$(($(seconds_now) + 60 * $1)) $NODE $2"
  share_write "$(frozen_file)" 0644 <<<"$text" || true
  [[ $(share_text "$(frozen_file)" "whether the pair is frozen") == "$text" ]] ||
    fail incomplete "$(frozen_file) was not written; expected the freeze in it, for the other node" \
      "$SHARE $(share_state)" "look at the share on $NODE, then run the same command again" "xcat-ha thaw"
  # Behind the share: a beat between the two would take it away.
  install -d -m 0700 "$RECORDS"
  write_file "$RECORDS/frozen" 0600 <<<"$text"
  say "frozen $(frozen_sentence "$text"): no role changes, and no lost share makes $NODE step down. Before that: \
xcat-ha thaw"
}

# frozen_follow: at each beat of the owner. What it has noted is what the share says, or goes with it: the other node
# has thawed. Where that cannot be told it stays, until its time.
frozen_follow() {
  local text
  [[ -e $RECORDS/frozen ]] || return 0
  text=$(share_text "$(frozen_file)" "whether the pair is frozen" 2>/dev/null) || return 0
  if [[ -n $text ]]; then write_file "$RECORDS/frozen" 0600 <<<"$text"; else rm -f -- "$RECORDS/frozen"; fi
}

# thaw: on either node; the owner's own note goes with its next beat.
thaw() {
  local text
  rm -f -- "$RECORDS/frozen"
  share_do rm -f -- "$(frozen_file)" || true
  text=$(share_text "$(frozen_file)" "whether the pair is frozen") || exit
  [[ -z $text ]] ||
    fail incomplete "$(frozen_file) is still there; expected it gone" "$SHARE $(share_state)" \
      "look at the share on $NODE, then run the same command again"
  say "not frozen: roles may change"
}
