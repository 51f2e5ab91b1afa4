# Files: written whole, renamed into place, never half there.

# write_file FILE MODE: standard input becomes FILE, or what the link FILE points to, unless it is that already.
# Owner and security context of a file that was there are kept.
write_file() {
  local file mode=$2 content temporary
  file=$(readlink -m -- "$1")
  # The dot keeps trailing newlines, which $() would drop.
  content=$(cat && printf .)
  content=${content%.}
  if [[ -e $file ]] && cmp -s -- "$file" <(printf %s "$content"); then return 0; fi
  temporary=$(mktemp "$(dirname "$file")/.$(basename "$file").XXXXXX")
  if [[ -e $file ]]; then cp -a --attributes-only -- "$file" "$temporary"; else chmod "$mode" "$temporary"; fi
  printf %s "$content" >"$temporary"
  sync "$temporary"
  mv -f -- "$temporary" "$file"
}

# edit_file FILE MODE COMMAND...: what COMMAND makes of FILE becomes FILE. A command that fails half way leaves FILE as it was.
edit_file() {
  local file=$1 mode=$2 content
  shift 2
  content=$("$@" "$file" && printf .) || return
  printf %s "${content%.}" | write_file "$file" "$mode"
}

# digest FILE: its sha256, or "absent".
digest() {
  if [[ -e $1 ]]; then sha256sum <"$1" | cut -c1-64; else printf 'absent\n'; fi
}

# fresh_name PATH: PATH, or PATH.1, PATH.2 ...: the first that is not there. A copy of a former run is never overwritten.
fresh_name() {
  local name=$1 number=0
  while [[ -e $name || -L $name ]]; do
    number=$((number + 1))
    name=$1.$number
  done
  printf '%s\n' "$name"
}
