# One part: as it is wanted, and away.

require_part() {
  local REPLY
  function_of "$1" observe
  declare -F "$REPLY" >/dev/null ||
    fail usage "there is no part '$1'" "xcat-ha knows: ${MANIFEST[*]%% *}" "name one of these"
}

# verb_observe PART: the part, in the shape of what is wanted, as a document.
verb_observe() {
  require_part "$1"
  observe_part "$1"
  document_write SEEN
}

# apply_part PART: as WANT says. BEFORE holds the values that were applied the last time, so that what a changed value
# made is taken away.
apply_part() {
  local part=$1 document REPLY
  BEFORE=()
  ! remembers "$part" || [[ ! -e $RECORDS/values.$part ]] || document_load BEFORE "$RECORDS/values.$part"
  document=$(document_write WANT)
  function_of "$part" apply
  "$REPLY"
  ! remembers "$part" || write_file "$RECORDS/values.$part" 0600 <<<"$document"
}

# remembers PART: not the change of role, not this program; and what a standby node leaves, on shared data, only while
# it is the active node's: a standby node, whose only value is where to look, has nothing to take away there.
remembers() {
  local entry
  [[ $1 != @(nodeProgram|ownerLease) ]] || return 1
  for entry in "${MANIFEST[@]}"; do [[ $entry != "$1 leave" ]] || ((${#WANT[@]} > 1)) || return 1; done
}

# verb_apply PART: makes it so, then looks again with the code that observes.
verb_apply() {
  local part=$1 key
  local -A wanted=()
  require_part "$part"
  unset 'WANT[counter]'
  takeover_ordered
  for key in "${!WANT[@]}"; do wanted[$key]=${WANT[$key]}; done
  apply_part "$part"
  WANT=()
  for key in "${!wanted[@]}"; do WANT[$key]=${wanted[$key]}; done
  observe_part "$part"
  wrong_keys
  ((${#WRONG[@]} == 0)) ||
    fail incomplete "$part is not as wanted after it was applied:$(printf ' %s;' "${WRONG[@]}")" \
      "observed on $NODE just now" "pulumi refresh shows the difference; when the cause is gone, run pulumi up again"
  say "$part is as wanted"
}

# apply_or_pass PART: what is as wanted already needs no run. The change of role always does: it finishes what was
# interrupted.
apply_or_pass() {
  local part=$1 document LOOK=unknown
  document=$(document_input)
  document_require "$document" "apply $part"
  require_part "$part"
  # Its command came over the address, whether or not there is something to do: nobody takes it back any more.
  [[ $part != staticAddress ]] || staticAddress_keep
  [[ $part == ownerLease ]] || as_wanted "$part" "$document"
  if [[ $LOOK == same ]]; then
    say "$part is as wanted"
  else
    run apply "$part" <<<"$document"
  fi
}

# as_wanted PART DOCUMENT: into LOOK. Where it is not, or cannot be told, the run says it better.
as_wanted() {
  WANT=()
  document_read WANT <<<"$2" || return 0
  unset 'WANT[counter]'
  ((${#WANT[@]})) || return 0
  # Without a record too: what is right by itself must be remembered, or nobody could take it away when it changes.
  ! remembers "$1" || document_write WANT | cmp -s - "$RECORDS/values.$1" || return 0
  part_look "$1"
}

# verb_remove PART: the node itself decides, for every part, whether it may be let go: whatever leaf of the graph was
# made or is gone.
verb_remove() {
  local REPLY
  require_part "$1"
  # At the console there are no values.
  ((${#WANT[@]})) || [[ $1 == nodeProgram ]] ||
    fail usage "remove $1 needs the values of $1 on standard input; expected them from pulumi destroy" \
      "nothing was read" "pulumi destroy on the stack of $NODE"
  unset 'WANT[counter]'
  let_go_require
  function_of "$1" remove
  "$REPLY"
}

verb_destroyable() { destroyable; }

# verb_install: this program and the description, which the standard input holds.
verb_install() {
  # Every command but bootstrap comes over the static address.
  staticAddress_keep
  nodeProgram_apply
  unset 'WANT[counter]' 'WANT[program.text]' 'WANT[description.text]'
  observe_part nodeProgram
  wrong_keys
  ((${#WRONG[@]} == 0)) ||
    fail incomplete "the node program is not as wanted after it was installed:$(printf ' %s;' "${WRONG[@]}")" \
      "digests of $PROGRAM and $CONFIGURATION/description on $NODE just now" "run the same pulumi up again"
  say "node program is installed"
}
