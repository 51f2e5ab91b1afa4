# The static address before a change of role.

# owners_sentence INTERFACE OWNER...: none, or two and more.
owners_sentence() {
  local interface=$1 idle
  shift
  if (($# == 0)); then
    idle=$(ifupdown_idle "$interface") || exit
    printf 'no tool owns %s%s\n' "$interface" "${idle:+: neither auto nor allow-hotplug brings up its stanza in $idle}"
  else
    printf '%s tools own %s: %s\n' "$#" "$interface" \
      "$(printf '%s\n' "$@" | sed 's/ /, /' | paste -sd';' | sed 's/;/; /g')"
  fi
}

# static_address_facts: fills FACT[static]: here, or as address_answer says; and FACT[owners], where there is not one
# tool, as a sentence.
static_address_facts() {
  local OWNERS
  FACT[static]=here FACT[owners]=
  ! has_address "$STATIC_ADDRESS" "$INTERFACE" || return 0
  FACT[static]=$(address_answer "${STATIC_ADDRESS%/*}" "$INTERFACE")
  owners_of "$INTERFACE"
  ((${#OWNERS[@]} == 1)) || FACT[owners]=$(owners_sentence "$INTERFACE" "${OWNERS[@]}")
}
