# A copy of a directory, and whether it is the same.

# What rsync is told of SELinux labels, by the last labels_look.
declare -ga LABELS=()

# labels_look FROM TO: fills LABELS. Tried on the directory itself, with its label alone: all else that a file has must
# be kept, or the copy fails.
labels_look() {
  local result=0
  LABELS=()
  rsync -aX --filter='+x security.selinux' --filter='-x *' --exclude='*' -- "$1/" "$2/" </dev/null >/dev/null 2>&1 ||
    result=$?
  # What fails in another way fails in the copy too, which says why.
  ((result == 23)) || return 0
  rsync -a --exclude='*' -- "$1/" "$2/" </dev/null >/dev/null 2>&1 || return 0
  # With a filter of its own for attributes rsync no more leaves out system.*, which -A copies.
  LABELS=(--filter='-x security.selinux' --filter='-x system.*')
  say "warning: $1 is copied without its SELinux labels, which $2 does not take. On the share all has the label of \
its mount then: ls -dZ $SHARE shows it, the mount option context= sets it; a directory that was brought home needs \
restorecon -R"
}

# copy_directory FROM TO [OPTION...]: owner, mode, links, times, ACLs and xattrs kept, of these SELinux labels where TO
# can. Progress while it runs.
copy_directory() {
  local from=$1 to=$2 result=0 said out then="run the same command again: the copy goes on where it ended"
  local next=("when the cause is gone, $then")
  shift 2
  mkdir -p -- "$to"
  labels_look "$from" "$to"
  exec {out}>&1
  # Its errors name the file, and the attribute that it could not be given.
  said=$({
    rsync -aHAX --numeric-ids --sparse --delete --modify-window=-1 --info=progress2 --no-inc-recursive \
      "${LABELS[@]}" "$@" -- "$from/" "$to/" </dev/null 2>&4 | copy_progress "$from" >&"$out" || exit "${PIPESTATUS[0]}"
  } 4>&1 | sed -n 1,5p) || result=$?
  exec {out}>&-
  # 24: files vanished while a service was still running; the copy after the stop gets the rest.
  [[ $result != 0 && $result != 24 ]] || return 0
  ((result != 23)) || next=(
    "where an attribute or an ACL is not taken there: mount it so that it is, then $then"
    "where nothing needs it: take it off those files (setcap -r, setfattr -x, setfacl -b), then $then"
  )
  fail incomplete "copying $from to $to failed: rsync ended with $result" \
    "${said:+$(one_line "$said"); }$(share_do df -h -- "$to" 2>&1 | tail -n 1)" \
    "${next[@]}"
}

# copy_progress DIRECTORY: a line every two seconds out of rsync's carriage returns.
copy_progress() {
  local line told=$SECONDS
  while IFS= read -r -d $'\r' line || [[ -n $line ]]; do
    if ((SECONDS >= told + 2)); then
      say "copying $1: $line"
      told=$SECONDS
    fi
  done
}

# differences FROM TO [OPTION...]: what the copy just made would still change, at most five lines. A comparison that
# fails is no "same".
differences() {
  local from=$1 to=$2 found result=0
  shift 2
  found=$(rsync -aHAXni --numeric-ids --delete --modify-window=-1 "${LABELS[@]}" "$@" -- "$from/" "$to/" \
    </dev/null 2>&1) || result=$?
  ((result == 0)) ||
    fail incomplete \
      "$from and $to could not be compared: rsync ended with $result; expected to know that they are the same" \
      "$(tail -n 2 <<<"$found" | tr '\n' ' ')" "when the cause is gone, run the same command again"
  head -n 5 <<<"$found"
}
