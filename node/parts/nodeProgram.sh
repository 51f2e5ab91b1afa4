# nodeProgram: this program and the description of the node, where console and systemd find them; which stack manages
# the node; and its role at root's login.

nodeProgram_observe() {
  SEEN[program]=$(digest "$PROGRAM")
  SEEN[description]=$(digest "$CONFIGURATION/description")
  SEEN[stack]=$(managing_stack) || exit
  SEEN[stack]=${SEEN[stack]:-absent}
  SEEN[login]=$(login_state)
}

nodeProgram_apply() {
  install -d -m 0755 "$CONFIGURATION"
  install -d -m 0700 "$RECORDS"
  write_file "$PROGRAM" 0755 <<<"${WANT[program.text]%$'\n'}"
  write_file "$CONFIGURATION/description" 0600 <<<"${WANT[description.text]%$'\n'}"
  write_file "$(stack_record)" 0644 <<<"${WANT[stack]}"
  install -d -m 0755 "$(dirname "$LOGIN_MESSAGE")"
  login_text | write_file "$LOGIN_MESSAGE" 0644
}

# login_text: read by every login shell, whatever its kind. Nobody waits for it, and it leaves nothing behind in the
# shell.
login_text() {
  cat <<TEXT
# xcat-ha: the role of this node, at root's interactive logins. Do not edit it here: \`pulumi up\` delivers it.
if [ -n "\${PS1:-}" ] && [ "\$(id -u)" = 0 ]; then
  timeout 3 $PROGRAM role </dev/null 2>/dev/null || \
echo "xcat-ha: the role of this node cannot be told (xcat-ha status says more)"
fi
TEXT
}

login_state() {
  local there wanted
  there=$(digest "$LOGIN_MESSAGE")
  wanted=$(login_text | sha256sum | cut -c1-64)
  case $there in
    "$wanted") printf 'shown\n' ;;
    absent) printf 'absent\n' ;;
    *) printf 'another text in %s\n' "$LOGIN_MESSAGE" ;;
  esac
}

# Last of a destroy. Where a directory still leads to the shared data the guard stays, and what it asks with it: this
# program, the description and the id of the share. Services start for the last owner alone, who has taken the data
# home.
nodeProgram_remove() {
  local linked home left
  linked=$(links_to_share) || exit
  lease_read
  # Without an epoch nothing was guarded yet: as it was found.
  if [[ -n $linked && ${LEASE[is]} != none ]]; then
    # At the console no stack lets go.
    [[ -z ${WANT[stack]:-} ]] || rm -f -- "$(stack_record)"
    say "still on the shared data, without a local copy to put back: $(one_line "$linked")"
    say "so these stay stopped, and the start guard and $PROGRAM stay with them: ${UNITS[*]}"
    say "to use $NODE for something else: put a directory of its own in the place of each link (rm LINK && mkdir \
LINK), then on $NODE: xcat-ha remove nodeProgram"
    return 0
  fi
  # A beat that is left stops what runs without the owner lease.
  beat_remove
  home=$(dissolved_by) || exit
  if [[ ${home%% *} == "$NODE" ]]; then
    left=$(copies_left) || exit
    [[ -z $left ]] ||
      fail incomplete \
        "what was taken home is not in its place: $(one_line "$left"); expected each to be the directory of that \
name; nothing was started" \
        "$(dissolved_mark): $home" \
        "mv each to its place on $NODE (mv -T DIRECTORY.xcat-ha-copy DIRECTORY), then run the same command again"
    virtualIp_stays
    guards_remove
    units_restore
  else
    # An admin, or a package, may have enabled one since, which nothing but the guard keeps from starting.
    if guards_there; then
      units_disable "${UNITS[@]}"
      require_disabled
    fi
    guards_remove
    found_restore
    units_told
  fi
  rm -f -- "$(stack_record)"
  if [[ -n ${FOUND_LEFT:-} && -e $RECORDS/found ]]; then
    say "what was found before the pair stays in $RECORDS/found"
    find "$RECORDS" -mindepth 1 -maxdepth 1 ! -name found -exec rm -rf -- {} +
  else
    rm -rf -- "$RECORDS"
  fi
  rm -f -- "$LOGIN_MESSAGE" "$PROGRAM"
  rm -rf -- "$CONFIGURATION"
}
