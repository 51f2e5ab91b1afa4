# Documents: lines of a key, a tab and a value in which \\, \n and \t stand for a backslash, a newline and a tab, and
# the mark of its end. The only writer on the node, and the only reader but for the line that takes this program out of
# its delivery (components/nodeProgram.ts): quotes, blanks, $() and newlines in a value are never more than a value.
# components/remote/document.js is the other end.

# The last line. A key has no blanks, so that no line of values is this one, wherever it was cut.
readonly DOCUMENT_END='end of document'

# document_escape NAME: the text in the variable of that name, as it stands in a document.
document_escape() {
  # In a locale of many bytes bash takes seconds for what takes it milliseconds in this one.
  local LC_ALL=C
  local -n document_text=$1
  document_text=${document_text//\\/\\\\}
  document_text=${document_text//$'\n'/\\n}
  document_text=${document_text//$'\t'/\\t}
}

# document_read ARRAY: standard input into the associative array of that name. 1 for what is no document, 2 for one
# without its end.
document_read() {
  local LC_ALL=C
  # shellcheck disable=SC2034 # a name reference: the caller reads it
  local -n document_into=$1
  local document_lines=() line key value rest ended=''
  mapfile -t document_lines
  for line in "${document_lines[@]}"; do
    [[ -n $line ]] || continue
    [[ -z $ended ]] || return 1
    if [[ $line == "$DOCUMENT_END" ]]; then
      ended=yes
      continue
    fi
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
  [[ -n $ended ]] || return 2
}

# document_load ARRAY FILE: a file that was renamed into place is whole also without the mark of its end, which one of
# an earlier version lacks.
document_load() { document_read "$1" <"$2" || (($? == 2)); }

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
  printf '%s\n' "$DOCUMENT_END"
}

# document_input: the whole standard input. Who keeps it open is told what is waited for.
document_input() {
  local part result
  while :; do
    result=0
    IFS= read -r -N 65536 -t 2 part || result=$?
    printf %s "$part"
    ((result <= 128)) ||
      say "waiting for the end of standard input, with the values (</dev/null where there are none)" >&2
    ((result != 1)) || break
  done
}

# document_require TEXT ORDER: a client that died while it sent its order leaves the first part of it, which is not what
# was ordered.
document_require() {
  [[ $'\n'$1 == *$'\n'"$DOCUMENT_END" ]] ||
    fail refused "the document of $2 ended early; expected '$DOCUMENT_END' as its last line; nothing was done" \
      "${#1} characters came in on $NODE" "run the same command again"
}

# document_receive ARRAY ORDER: the standard input of an order, as document_read.
document_receive() {
  local document_received
  document_received=$(document_input)
  document_require "$document_received" "$2"
  document_read "$1" <<<"$document_received"
}
