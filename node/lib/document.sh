# Documents: lines of a key, a tab and a value in which \\, \n and \t stand for a backslash, a newline and a tab. The only reader and the only
# writer on the node, so that quotes, blanks, $() and newlines in a value are never more than a value.

# document_escape NAME: the text in the variable of that name, as it stands in a document.
document_escape() {
  # In a locale of many bytes bash takes seconds for what takes it milliseconds in this one.
  local LC_ALL=C
  local -n document_text=$1
  document_text=${document_text//\\/\\\\}
  document_text=${document_text//$'\n'/\\n}
  document_text=${document_text//$'\t'/\\t}
}

# document_read ARRAY: standard input into the associative array of that name. False for what is no document.
document_read() {
  local LC_ALL=C
  # shellcheck disable=SC2034 # a name reference: the caller reads it
  local -n document_into=$1
  local document_lines=() line key value rest
  mapfile -t document_lines
  for line in "${document_lines[@]}"; do
    [[ -n $line ]] || continue
    key=${line%%$'\t'*} value=${line#*$'\t'}
    [[ $key != "$line" && -n $key && $key != *' '* && $value != *$'\t'* ]] || return 1
    if [[ $value == *\\* ]]; then
      rest=${value//\\[\\nt]/}
      [[ $rest != *\\* ]] || return 1
      printf -v value %b "$value"
    fi
    # shellcheck disable=SC2004,SC2034 # an associative array of the caller
    document_into[$key]=$value
  done
}

# document_write ARRAY: the associative array of that name to standard output, keys in order.
document_write() {
  local LC_ALL=C
  local -n document_from=$1
  local key value at keys=()
  for key in "${!document_from[@]}"; do
    for ((at = ${#keys[@]}; at > 0; at--)); do
      [[ ${keys[at - 1]} > $key ]] || break
      keys[at]=${keys[at - 1]}
    done
    keys[at]=$key
  done
  for key in "${keys[@]}"; do
    value=${document_from[$key]}
    document_escape value
    printf '%s\t%s\n' "$key" "$value"
  done
}

# document_input: the whole standard input. Who keeps it open is told what is waited for.
document_input() {
  local part result
  while :; do
    result=0
    IFS= read -r -N 65536 -t 2 part || result=$?
    printf %s "$part"
    ((result <= 128)) || say "waiting for the end of standard input, with the values (</dev/null where there are none)" >&2
    ((result != 1)) || break
  done
}
