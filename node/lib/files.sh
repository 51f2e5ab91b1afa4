# Files: written whole, renamed into place, never half there.

# write_file FILE MODE: standard input becomes FILE, or what the link FILE points to, unless it is that already.
# Owner and security context of a file that was there are kept.
write_file() {
  # In a locale of many bytes bash takes seconds for what takes it milliseconds in this one.
  local LC_ALL=C file=$1 mode=$2 content='' part there temporary
  [[ $file == */* ]] || file=./$file
  [[ ! -L $file ]] || file=$(readlink -m -- "$file") || return
  while IFS= read -r -N 65536 part; do content+=$part; done
  content+=$part
  # What read does not reach is not the same: a file that cannot be opened, one with a null byte, which ends it with 0.
  there="not $content"
  if [[ -f $file ]] && ! IFS= read -r -d '' there 2>/dev/null <"$file" && [[ $there == "$content" ]]; then return 0; fi
  temporary=$(mktemp "${file%/*}/.${file##*/}.XXXXXX") || return
  # Each step by itself: in a condition a disk that is full would leave half a file in its place.
  if [[ -e $file ]]; then cp -a --attributes-only -- "$file" "$temporary"; else chmod "$mode" "$temporary"; fi &&
    printf %s "$content" >"$temporary" &&
    sync "$temporary" && mv -f -- "$temporary" "$file" && return 0
  rm -f -- "$temporary" || true
  return 1
}

# edit_file FILE MODE COMMAND...: what COMMAND makes of FILE becomes FILE. A command that fails half way leaves FILE as
# it was.
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

# fresh_name PATH: PATH, or PATH.1, PATH.2 ...: the first that is not there. A copy of a former run is never
# overwritten.
fresh_name() {
  local name=$1 number=0
  while [[ -e $name || -L $name ]]; do
    number=$((number + 1))
    name=$1.$number
  done
  printf '%s\n' "$name"
}
