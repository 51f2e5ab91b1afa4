# Which share it is: what tells it from another one that is mounted in its place.

# share_id: what tells this share from another one that is mounted in its place; nothing where it is proven to have
# none, as before the first claim. Where that cannot be told: false, and why.
share_id() {
  local answer
  answer=$(share_do cat -- "$SHARE/.xcat-ha/id" 2>&1) || {
    [[ $answer != *': No such file or directory' ]] || return 0
    printf '%s\n' "${answer:-no answer within $SHARE_DEADLINE s}"
    return 1
  }
  printf '%s\n' "$answer"
}

# share_known: the id, for what goes on with it.
share_known() {
  local answer
  answer=$(share_id) ||
    fail unknown "which share is mounted at $SHARE on $NODE cannot be told; expected to read $SHARE/.xcat-ha/id" \
      "$answer" "look at the shared data on $NODE, then run the same command again"
  printf '%s\n' "$answer"
}

# share_identify: the share gets an id before the first claim: one without it could not be told from another under an
# owner.
share_identify() {
  local id
  id=$(share_known) || exit
  [[ -z $id ]] || return 0
  share_publish .xcat-ha id </proc/sys/kernel/random/uuid || true
  id=$(share_known) || exit
  [[ -n $id ]] ||
    fail incomplete "$SHARE got no id; expected $SHARE/.xcat-ha/id, which tells it from another share" \
      "$(share_do ls -la "$SHARE/.xcat-ha" 2>&1 | tr '\n' ' ')" \
      "look for a full disk or a quota on the share (df, df -i), then run the same command again"
}

# share_remember: this node notes the id. From then on no other share is taken for this one.
share_remember() {
  local id
  id=$(share_known) || exit
  [[ -n $id ]] || return 0
  install -d -m 0700 "$RECORDS"
  write_file "$RECORDS/share-id" 0600 <<<"$id"
}
