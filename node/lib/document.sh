# Documents: lines of a key, a blank and a base64 value. The only reader and the only writer on the node,
# so that quotes, blanks, $() and newlines in a value are never more than a value.

# document_read ARRAY: standard input into the associative array of that name.
document_read() {
  # shellcheck disable=SC2034 # a name reference: the caller reads it
  local -n document_into=$1
  local key value
  while read -r key value; do
    [[ -n $key ]] || continue
    # The dot keeps trailing newlines, which $() would drop.
    value=$(base64 -d <<<"$value" && printf .) || return 1
    # shellcheck disable=SC2004,SC2034 # an associative array of the caller
    document_into[$key]=${value%.}
  done
}

# document_write ARRAY: the associative array of that name to standard output, keys in order.
document_write() {
  local -n document_from=$1
  local key
  while read -r key; do
    [[ -n $key ]] || continue
    printf '%s %s\n' "$key" "$(printf %s "${document_from[$key]}" | base64 -w0)"
  done < <(printf '%s\n' "${!document_from[@]}" | LC_ALL=C sort)
}
