# Files on the shared data, written whole, or made by link(2).

# share_write FILE MODE: standard input becomes FILE, on the share or here.
share_write() {
  within "$SHARE_DEADLINE" bash -c "$(declare -f write_file)"'
    set -euo pipefail
    write_file "$1" "$2"' write "$@"
}

# share_edit FILE MODE COMMAND...: what COMMAND makes of FILE, which it reads on its standard input, becomes FILE, on
# the share or here.
share_edit() {
  local file=$1 mode=$2 content result=0
  shift 2
  content=$(share_read "$file" "what is in it" && printf .) || result=$?
  ((result < 2)) || exit "$result"
  ((result == 0)) ||
    fail incomplete "$file is not there on $NODE; expected the file that is to be changed" \
      "cat: No such file or directory" "look at it on $NODE, then run the same command again"
  content=$(printf %s "${content%.}" | "$@" && printf .) || return
  printf %s "${content%.}" | share_write "$file" "$mode" ||
    fail incomplete "$file could not be written on $NODE within $SHARE_DEADLINE s; expected the change in it" \
      "the lines above; $SHARE $(share_state)" "look at the shared data on $NODE, then run the same command again"
}

# share_publish DIRECTORY NAME: standard input becomes a file on the share by link(2); true when this call made it.
# On NFS the answer to link() can be lost: the link count tells the truth.
share_publish() {
  within "$SHARE_DEADLINE" bash -c '
    set -eu
    mkdir -p -- "$1"
    cd -- "$1"
    temporary=$(mktemp ".claim.XXXXXX")
    # At a deadline the signal comes twice, to this process and to its group: the second one must not end the rm.
    trap "trap \"\" TERM; rm -f -- $temporary" EXIT
    cat >"$temporary"
    chmod 0644 "$temporary"
    sync "$temporary"
    answer=$(ln -- "$temporary" "$2" 2>&1) || true
    links=$(stat -c %h -- "$temporary")
    rm -f -- "$temporary"
    sync .
    [ "$links" != 2 ] || exit 0
    # That somebody was faster is an answer, and no error.
    case $answer in *": File exists") ;; *) printf "%s\n" "$answer" >&2 ;; esac
    exit 1
  ' publish "$SHARE/$1" "$2"
}
