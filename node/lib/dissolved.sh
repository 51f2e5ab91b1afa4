# A pair that was dissolved: who took the data home, and that what the share holds is old.

# dissolved_mark: names the node that took the data back to itself. From then on its local directories are the truth,
# and the shared ones old.
dissolved_mark() { printf '%s/.xcat-ha/dissolved\n' "$SHARE"; }

# dissolved_by: NODE TIME of who took the data home, or nothing.
dissolved_by() { share_text "$(dissolved_mark)" "who took the data home"; }

# dissolved_refuse: nobody claims what is old. By a file in the directory of the mark an NFS client asks its server (see
# lease_listing).
dissolved_refuse() {
  local home
  share_do bash -c 'cd -- "$1" 2>/dev/null || exit 0; probe=$(mktemp .probe.XXXXXX) && rm -f -- "$probe"' probe \
    "$SHARE/.xcat-ha" ||
    fail unknown "$SHARE/.xcat-ha takes no file on $NODE; expected to ask the share whether the pair was dissolved" \
      "$SHARE $(share_state)" \
      "look for a full disk or a quota on the share (df, df -i), then run the same command again"
  home=$(dissolved_by) || exit
  [[ -z $home ]] ||
    fail refused "the pair was dissolved: ${home%% *} took the data back at ${home#* }, and what $SHARE holds is old" \
      "$(dissolved_mark)" "pulumi preview on the stack of $NODE says how to make a pair again"
}

# dissolved_publish: and read back, because all that follows rests on it.
dissolved_publish() {
  local home
  printf '%s %s\n' "$NODE" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" | share_publish .xcat-ha dissolved || true
  home=$(dissolved_by) || exit
  [[ ${home%% *} == "$NODE" ]] ||
    fail incomplete \
      "the share did not take the mark that its data is old; expected it before the data is used at home; the links \
are as they were" \
      "$(dissolved_mark): ${home:-absent}; $SHARE $(share_state)" \
      "look for a full disk or a quota on the share (df, df -i), then run the same pulumi destroy again"
}
