# The owner lease: who may run the services, recorded on the shared data as epochs.
#
#   SHARE/.xcat-ha/epoch/000007.owner      who; made by link(2), never changed, never deleted
#   SHARE/.xcat-ha/epoch/000007.releasing  its owner steps down: from here on the start guard refuses
#   SHARE/.xcat-ha/epoch/000007.released   its owner has proven that nothing runs
#   SHARE/.xcat-ha/epoch/000007.named      a stack's config has named its owner as the active node
#
# An owner file with the line "dissolving yes" is the final epoch of a pair: its owner takes the data home (see sharedDataLinks). Nobody
# starts anything under it, its owner included, and nobody else claims until the share says that what it holds is old.
#
# The newest epoch counts. No clock is compared, no lock is ever deleted (docs/failover-facts.md, Locks on a shared file system).

SHARE_DEADLINE=10
readonly CLAIM_TRIES=10
readonly LAST_EPOCH=999999
# Of an owner file and of the description; 1 is what says none.
readonly FORMAT=1

# Who orders: program, by a stack's config; or console. An epoch keeps it.
ORIGIN=program

machine_id() { first_line /etc/machine-id; }
boot_id() { first_line /proc/sys/kernel/random/boot_id; }

# first_line FILE
first_line() {
  local line=
  IFS= read -r line <"$1" || [[ -n $line ]] || return
  printf '%s\n' "$line"
}
lease_directory() { printf '%s/.xcat-ha/epoch\n' "$SHARE"; }

# within SECONDS COMMAND...: runs it in a child with a deadline, and returns then (124) also where the kernel does not let the child die: nothing
# that it has open leads to whoever reads here, and it holds no lock of ours (8 and 9). What it printed comes when it has ended: where it
# succeeded on standard output, where it failed on standard error.
within() {
  local limit=$1 said='' part='' answers result='' end=$RANDOM
  shift
  exec {answers}< <(
    exec 8>&- 9>&-
    result=0
    timeout -k 2 "$limit" "$@" 2>&1 || result=$?
    printf '\0%s %s\0' "$end" "$result"
  )
  while IFS= read -r -d '' -t "$((limit + 3))" -u "$answers" part; do
    if [[ $part == "$end "* ]]; then
      result=${part#* }
      break
    fi
    said+=$part
  done
  exec {answers}<&-
  [[ -n $result ]] || said+=$part result=124
  if ((result == 0)); then printf %s "$said"; else printf %s "$said" >&2; fi
  return "$result"
}

# share_do COMMAND...: a hung mount must not hang the tool.
share_do() { within "$SHARE_DEADLINE" "$@" </dev/null; }

# share_id: what tells this share from another one that is mounted in its place; nothing where it is proven to have none, as before the first
# claim. Where that cannot be told: false, and why.
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
  answer=$(share_id) || fail unknown "which share is mounted at $SHARE on $NODE cannot be told; expected to read $SHARE/.xcat-ha/id" "$answer" \
    "look at the shared data on $NODE, then run the same command again"
  printf '%s\n' "$answer"
}

# share_identify: the share gets an id before the first claim: one without it could not be told from another under an owner.
share_identify() {
  local id
  id=$(share_known) || exit
  [[ -z $id ]] || return 0
  share_publish .xcat-ha id </proc/sys/kernel/random/uuid || true
  id=$(share_known) || exit
  [[ -n $id ]] || fail incomplete "$SHARE got no id; expected $SHARE/.xcat-ha/id, which tells it from another share" "$(share_do ls -la "$SHARE/.xcat-ha" 2>&1 | tr '\n' ' ')" \
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

# share_state: "ok", or why the share cannot be used.
share_state() {
  local directory_device root_device options known found
  directory_device=$(share_do stat -c %d -- "$SHARE" 2>/dev/null) || {
    if [[ $? -ge 124 ]]; then printf 'hangs: no answer within %s s\n' "$SHARE_DEADLINE"; else printf 'cannot be read\n'; fi
    return 0
  }
  root_device=$(stat -c %d / 2>&1) || {
    printf 'cannot be told from the root file system: %s\n' "$root_device"
    return 0
  }
  if [[ $directory_device == "$root_device" ]]; then
    printf 'is not mounted: it is a directory of the root file system\n'
    return 0
  fi
  options=$(share_do findmnt -no OPTIONS -T "$SHARE" 2>/dev/null) || {
    if [[ $? -ge 124 ]]; then printf 'hangs: no answer within %s s\n' "$SHARE_DEADLINE"; else printf 'does not say how it is mounted\n'; fi
    return 0
  }
  if [[ ,${options##*$'\n'}, == *,ro,* ]]; then
    printf 'is mounted read-only\n'
    return 0
  fi
  if [[ ! -s $RECORDS/share-id ]]; then
    printf 'ok\n'
    return 0
  fi
  known=$(cat -- "$RECORDS/share-id" 2>&1) || {
    printf 'cannot be told from another one: %s\n' "$known"
    return 0
  }
  found=$(share_id) || {
    printf 'does not say which one it is: %s\n' "$found"
    return 0
  }
  if [[ $found != "$known" ]]; then
    printf 'is another one than %s was set up with: its id is %s, expected %s\n' "$NODE" "${found:-missing}" "$known"
    return 0
  fi
  printf 'ok\n'
}

# File systems that one kernel writes: on a disk that two nodes see, the second one destroys what is there.
readonly ONE_KERNEL='@(ext[234]|xfs|btrfs|bcachefs|f2fs|jfs|reiserfs|zfs|tmpfs|ramfs|overlay|vfat|msdos|exfat|ntfs|ntfs3|fuseblk)'
# Options with which a lock of one node is none on the other, by file system.
readonly LOCAL_LOCKS='@(nfs*:nolock|nfs*:local_lock=@(all|flock|posix)|lustre:localflock|ocfs2:localflocks|gfs2:localflocks|gfs2:lockproto=lock_nolock)'
# NFS's default for a directory: for longer no node may believe what it saw last of the other one's files.
readonly CACHE_SECONDS=60

# mount_state: "ok", or why what is mounted there is no share of two nodes. Not asked of an owner that runs: what runs there runs already.
mount_state() {
  local answer kind options source target own option mounted=() lost='' local_locks='' stale=''
  { answer=$(share_do findmnt -rno FSTYPE,OPTIONS,SOURCE,TARGET -T "$SHARE" 2>&1) && own=$(share_do readlink -m -- "$SHARE"); } ||
    fail unknown "how $SHARE is mounted on $NODE cannot be told; expected a share that two nodes may write" "${answer:-no answer within $SHARE_DEADLINE s}" \
      "findmnt -T $SHARE on $NODE; when it answers, run the same command again"
  read -r kind options source target <<<"${answer##*$'\n'}"
  # Blanks and the like are written as \x20.
  source=${source//'%'/%%} target=${target//'%'/%%}
  # shellcheck disable=SC2059 # what it is for
  printf -v target "$target" && printf -v source "$source"
  # shellcheck disable=SC2053 # a pattern
  if [[ $kind == $ONE_KERNEL && $target != "$own" ]]; then
    printf 'is not mounted: it is a directory of the file system at %s (%s)\n' "$target" "$kind"
    return 0
  elif [[ $kind == $ONE_KERNEL ]]; then
    printf 'is %s on %s, which one node alone may have mounted\n' "$kind" "$source"
    return 0
  fi
  IFS=, read -ra mounted <<<"$options"
  for option in "${mounted[@]}"; do
    [[ $kind:$option != nfs*:@(soft|softerr) ]] || lost=$option
    # shellcheck disable=SC2053 # a pattern
    [[ $kind:$option != $LOCAL_LOCKS ]] || local_locks+=" $option"
    [[ ! $kind:$option =~ ^nfs.*:(nocto|ac(reg|dir)max=([0-9]+))$ ]] || ((${BASH_REMATCH[3]:-CACHE_SECONDS + 1} <= CACHE_SECONDS)) || stale+=" $option"
  done
  if [[ -n $lost ]]; then
    printf 'is mounted with %s: what a slow server does not take in time is lost\n' "$lost"
  elif [[ -n $local_locks ]]; then
    printf 'is mounted with%s: a lock of one node is none on the other\n' "$local_locks"
  elif [[ -n $stale ]]; then
    printf 'is mounted with%s: what one node writes the other one sees too late\n' "$stale"
  else
    printf 'ok\n'
  fi
}

# share_kind PATH: what is there, in stat's words (directory, regular file); absent only where that is proven.
share_kind() {
  local answer
  if answer=$(share_do stat -c %F -- "$1" 2>&1); then
    printf '%s\n' "$answer"
  elif [[ $answer == *': No such file or directory' ]]; then
    printf 'absent\n'
  else
    fail unknown "$1 cannot be looked at on $NODE; expected to know whether it is there" "${answer:-no answer within $SHARE_DEADLINE s}" \
      "look at the shared data on $NODE (findmnt -T $SHARE), then run the same command again"
  fi
}

# share_kinds PATH...: the same of each, into KIND: in one look where all are there, else one by one.
share_kinds() {
  local answer path kinds=()
  KIND=()
  if (($# > 1)) && answer=$(share_do stat -c %F -- "$@" 2>&1); then mapfile -t kinds <<<"$answer"; fi
  if ((${#kinds[@]} == $#)); then
    for path; do KIND[$path]=${kinds[0]} kinds=("${kinds[@]:1}"); done
  else
    for path; do KIND[$path]=$(share_kind "$path") || exit; done
  fi
}

# share_read PATH TO_KNOW: what the file says; false (1) where it is proven not to be there. What it was read for goes into the error.
share_read() {
  local answer
  # The dot keeps trailing newlines, which $() would drop.
  answer=$(share_do cat -- "$1" 2>&1 && printf .) || {
    [[ $answer != *': No such file or directory' ]] || return 1
    fail unknown "$1 cannot be read on $NODE; expected to know $2" "${answer:-no answer within $SHARE_DEADLINE s}" \
      "look at the shared data on $NODE (findmnt -T $SHARE), then run the same command again"
  }
  printf %s "${answer%.}"
}

# share_text PATH TO_KNOW: the same, and nothing where it is not there.
share_text() { share_read "$@" || (($? == 1)); }

# share_write FILE MODE: standard input becomes FILE, on the share or here.
share_write() {
  within "$SHARE_DEADLINE" bash -c "$(declare -f write_file)"'
    set -euo pipefail
    write_file "$1" "$2"' write "$@"
}

# share_edit FILE MODE COMMAND...: what COMMAND makes of FILE, which it reads on its standard input, becomes FILE, on the share or here.
share_edit() {
  local file=$1 mode=$2 content result=0
  shift 2
  content=$(share_read "$file" "what is in it" && printf .) || result=$?
  ((result < 2)) || exit "$result"
  ((result == 0)) || fail incomplete "$file is not there on $NODE; expected the file that is to be changed" "cat: No such file or directory" \
    "look at it on $NODE, then run the same command again"
  content=$(printf %s "${content%.}" | "$@" && printf .) || return
  printf %s "${content%.}" | share_write "$file" "$mode" ||
    fail incomplete "$file could not be written on $NODE within $SHARE_DEADLINE s; expected the change in it" "the lines above; $SHARE $(share_state)" \
      "look at the shared data on $NODE, then run the same command again"
}

# share_require: what is asked of a share that does not answer is unknown, never "not there".
share_require() {
  local state
  state=$(share_state) || state='cannot be told'
  [[ $state == ok ]] || fail unknown "$SHARE on $NODE $state; expected the shared data, mounted and writable" "stat and findmnt -T $SHARE" \
    "mount the shared data on $NODE, then run the same command again"
}

# lease_listing: the newest epoch's files and its owner file, by a child with a deadline.
# Asked "fresh", it makes and removes a file first: an NFS client then asks its server instead of its cache.
# An observation never does: it changes nothing.
lease_listing() {
  share_do bash -c '
    set -euo pipefail
    if ! cd -- "$1" 2>/dev/null; then
      # No epoch directory is no epoch; one that cannot be entered is none of the answers.
      answer=$(LC_ALL=C stat -- "$1" 2>&1) || case $answer in *": No such file or directory") [ -d "$2" ] && exit 0 ;; esac
      # Made between the two looks, or it cannot be entered.
      cd -- "$1"
    fi
    if [ "$3" = fresh ]; then
      probe=$(mktemp .probe.XXXXXX)
      rm -f -- "$probe"
    fi
    export LC_ALL=C
    files=$(ls -1)
    newest=
    while IFS= read -r file; do
      [[ $file != [0-9][0-9][0-9][0-9][0-9][0-9].owner ]] || newest=${file%.owner}
    done <<<"$files"
    [ -n "$newest" ] || exit 0
    echo "epoch $newest"
    while IFS= read -r file; do
      [[ $file != "$newest".@(named|released|releasing) ]] || echo "${file#*.} yes"
    done <<<"$files"
    exec cat -- "$newest.owner"
  ' lease "$(lease_directory)" "$SHARE" "$1"
}

# lease_read [fresh]: fills LEASE with epoch, node, machine, boot, time, origin, dissolving, and LEASE[is]:
#   none             no epoch yet
#   released         the newest epoch was let go; anybody may claim the next
#   mine             this node in this boot
#   mine-releasing   this node in this boot has begun to step down
#   mine-rebooted    this node, before its last boot: its former self is dead
#   other            the other node holds it
#   other-releasing  the other node steps down right now
lease_read() {
  declare -gA LEASE=()
  local listing key value machine boot
  { machine=$(machine_id) && boot=$(boot_id) && [[ -n $machine && -n $boot ]]; } ||
    fail unknown "which machine $NODE is cannot be told; expected an id of the machine and of this boot" "/etc/machine-id: ${machine:-empty}; boot: ${boot:-unknown}" \
      "on $NODE: systemd-machine-id-setup, then run the same command again"
  listing=$(lease_listing "${1:-}") || {
    share_require
    fail unknown "the owner lease in $(lease_directory) cannot be read" "$SHARE itself can be read" \
      "ls -l $(lease_directory) on $NODE; then run the same command again"
  }
  while read -r key value; do
    [[ -z $key ]] || LEASE[$key]=$value
  done <<<"$listing"
  [[ ${LEASE[format]:-1} =~ ^[0-9]{1,4}$ && ${LEASE[format]:-1} -le $FORMAT ]] ||
    fail misconfigured "epoch ${LEASE[epoch]} is written in format ${LEASE[format]}, which xcat-ha on $NODE does not understand; expected $FORMAT at most" \
      "$(lease_directory)/${LEASE[epoch]}.owner" "pulumi up from the checkout that wrote it, on the stack of $NODE: it brings the newer xcat-ha"
  if [[ -z ${LEASE[epoch]:-} ]]; then
    # On the share itself, and not below its mount point.
    share_require
    LEASE[epoch]=0 LEASE[is]=none
  elif [[ -n ${LEASE[released]:-} ]]; then
    LEASE[is]=released
  elif [[ ${LEASE[machine]:-} == "$machine" && ${LEASE[node]:-} == "$NODE" ]]; then
    if [[ ${LEASE[boot]:-} != "$boot" ]]; then
      LEASE[is]=mine-rebooted
    elif [[ -n ${LEASE[releasing]:-}${LEASE[dissolving]:-} ]]; then
      LEASE[is]=mine-releasing
    else
      LEASE[is]=mine
    fi
  elif [[ ${LEASE[machine]:-} == "$machine" ]]; then
    fail misconfigured "$NODE has the machine id of ${LEASE[node]:-?}, which holds the owner lease; expected one of its own: the nodes cannot be told apart" \
      "$(lease_directory)/${LEASE[epoch]}.owner and /etc/machine-id on $NODE: $machine" \
      "on $NODE: rm /etc/machine-id; systemd-machine-id-setup; reboot. Then the same command again"
  elif [[ ${LEASE[node]:-} == "$NODE" ]]; then
    fail misconfigured "the owner lease names $NODE with machine id ${LEASE[machine]:-?}; seen $machine here: another machine, or one installed anew" \
      "$(lease_directory)/${LEASE[epoch]}.owner and /etc/machine-id on $NODE" \
      "where this is not the machine that is called $NODE: correct nodes.$NODE in cluster.yaml. Where it was installed anew: docs/failover.md, A node was installed anew"
  elif [[ -n ${LEASE[releasing]:-}${LEASE[dissolving]:-} ]]; then
    LEASE[is]="other-releasing"
  else
    LEASE[is]=other
  fi
}

# lease_from_console: the node that the newest epoch names came to it at the console, from another one, and no stack's config has named it since.
# What a stack that was not told orders meanwhile is stale.
lease_from_console() { [[ ${LEASE[origin]:-} == console && -n ${LEASE[from]:-} && ${LEASE[from]} != "${LEASE[node]}" && -z ${LEASE[named]:-} ]]; }

# lease_named: the config of this node's stack names it as the active node, which holds the lease. From here on a flip steps it down.
lease_named() {
  lease_read
  if [[ ${LEASE[is]} != mine ]] || ! lease_from_console; then return 0; fi
  lease_mark named
  [[ -n ${LEASE[named]:-} ]] || fail incomplete "the share did not take the mark that the stack of $NODE names it as the active node; expected $(lease_directory)/${LEASE[epoch]}.named" \
    "$(lease_sentence); $SHARE $(share_state)" "look for a full disk or a quota on the share (df, df -i), then run the same pulumi up again"
}

# lease_sentence: who holds it, since when, in one sentence.
lease_sentence() {
  case ${LEASE[is]} in
    none) printf 'no epoch exists yet' ;;
    released) printf 'epoch %d was released by %s' "$((10#${LEASE[epoch]}))" "${LEASE[node]}" ;;
    *)
      printf 'epoch %d is held by %s since %s' "$((10#${LEASE[epoch]}))" "${LEASE[node]}" "${LEASE[time]}"
      case ${LEASE[is]} in
        mine-rebooted) printf ', before its last boot' ;;
        *-releasing) [[ -n ${LEASE[dissolving]:-} ]] || printf ', and being released' ;;
      esac
      [[ -z ${LEASE[dissolving]:-} ]] || printf ', which dissolves the pair and takes the data home'
      ;;
  esac
}

# lease_publish NAME: standard input becomes a file beside the epochs.
lease_publish() { share_publish .xcat-ha/epoch "$1"; }

# lease_mark MARK [fresh]: beside the epoch of LEASE, which is read again: whether the mark is there is asked, not believed.
lease_mark() {
  printf 'by %s\n' "$NODE" | lease_publish "${LEASE[epoch]}.$1" || true
  lease_read "${2:-}"
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

# lease_try: all that a claim needs of the share, tried before anything stops for it: files, link(2) and an id. The change
# of role does it, and no plan: a preview changes nothing, on the share neither.
lease_try() {
  local name answer
  next_epoch_require
  dissolved_refuse
  name=$(lease_directory)/.try.$NODE
  # Of the size of a block, and by the code that claims. One that a cut try has left would be in its way.
  answer=$({ share_do rm -f -- "$name" && head -c 4096 /dev/zero | lease_publish "${name##*/}" && share_do rm -f -- "$name"; } 2>&1) || {
    [[ $? -lt 124 ]] || answer="no answer within $SHARE_DEADLINE s"
    fail misconfigured "the share takes no epoch of $NODE; expected to make a file and a hard link to it in $(lease_directory) before the services stop for it; nothing was stopped" \
      "$(one_line "${answer:-no answer}")" "look for a full disk, a quota or a file system without hard links (df, df -i, findmnt -T $SHARE), then run the same command again"
  }
  share_identify
}

# lease_claim WAIT [EPOCH]: makes this node in this boot the owner. Waits up to WAIT seconds for one that steps down, saying for whom; for the
# owner of EPOCH alone, where that is given: what was planned for it holds for no later one.
lease_claim() {
  local wait=$1 started=$SECONDS told=-2 failed=0
  while :; do
    lease_read fresh
    [[ -z ${2:-} || ${LEASE[is]} == mine || $((10#${LEASE[epoch]})) == "$2" ]] ||
      fail held "epoch $2, for whose release $NODE waited, is not the newest any more; expected it to be; nothing was started" "$(lease_sentence)" \
        "xcat-ha status on both nodes says who runs; then the same command again"
    case ${LEASE[is]} in
      mine) return 0 ;;
      other | other-releasing)
        # What it holds will be old: there is nothing to wait for.
        if [[ -n ${LEASE[dissolving]:-} ]] || ((SECONDS - started >= wait)); then
          fail held "$(lease_sentence); $NODE waited $((SECONDS - started)) s for it" "$(lease_directory)/${LEASE[epoch]}.owner" \
            "let ${LEASE[node]} step down first: pulumi config set activeNode $NODE and pulumi up on the stack of ${LEASE[node]}"
        fi
        if ((SECONDS - started >= told + 2)); then
          told=$((SECONDS - started))
          say "waiting for the owner lease, $told of at most $wait s: $(lease_sentence)"
        fi
        # Nothing was started yet: this wait is as good as a boundary between two steps.
        [[ ! -e $RUN/supersede ]] || fail superseded "$NODE no longer waits for the owner lease" "another order came in; $(lease_sentence)" "nothing: the other order goes on"
        sleep 0.2
        ;;
      *)
        # Behind the lease: the mark is on the share before the final epoch is let go.
        dissolved_refuse
        # Another node was faster, which the next look shows; or the share takes no file, which no look ends.
        lease_publish_next </dev/null || ((++failed < CLAIM_TRIES)) ||
          fail incomplete "the share did not take the epoch behind ${LEASE[epoch]}, $failed times; expected a file in $(lease_directory)" \
            "$(lease_sentence); $SHARE $(share_state)" "look for a full disk or a quota on the share (df, df -i), then run the same command again"
        ;;
    esac
  done
}

# next_epoch_require: an epoch has six digits.
next_epoch_require() {
  ((10#${LEASE[epoch]:-0} < LAST_EPOCH)) || fail misconfigured "epoch $LAST_EPOCH is the last one that can be; expected a lower one as the newest: no pair changes its owner that often" \
    "$(lease_directory)/$LAST_EPOCH.owner" "find out who made that file on the share, move it away with $LAST_EPOCH.released, then run the same command again"
}

# lease_publish_next: the epoch behind the newest names this node; more lines of it come on standard input. False where another was faster.
lease_publish_next() {
  local next
  next_epoch_require
  # Below a mount point that lost its share it would be an epoch that nobody else sees.
  share_require
  next=$(printf '%06d' "$((10#${LEASE[epoch]} + 1))")
  {
    printf 'node %s\nmachine %s\nboot %s\ntime %s\norigin %s\nformat %s\n' \
      "$NODE" "$(machine_id)" "$(boot_id)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$ORIGIN" "$FORMAT"
    [[ -z ${LEASE[node]:-} ]] || printf 'from %s\n' "${LEASE[node]}"
    cat
  } | lease_publish "$next.owner" || return
  say "owner lease: epoch $((10#$next)) is ours"
}

# lease_claim_final: the final epoch of the pair, for its last owner (see last_owner_require); the one of a run that was cut goes on.
lease_claim_final() {
  lease_read fresh
  if [[ ${LEASE[is]} == released ]]; then
    lease_publish_next <<<'dissolving yes' || true
    lease_read fresh
  fi
  [[ -n ${LEASE[dissolving]:-} && ${LEASE[is]} == @(mine-releasing|mine-rebooted) ]] ||
    fail held "the final epoch of the pair could not be claimed by $NODE; expected nobody else to hold the owner lease; nothing was copied" \
      "$(lease_sentence)" "xcat-ha status on both nodes says who runs; let that node step down, then run the same command again"
  # For a program of the other node that knows no final epochs. Whether it is there is asked, not believed.
  lease_mark releasing fresh
  [[ -n ${LEASE[releasing]:-} ]] || fail incomplete "the share did not take the mark that epoch ${LEASE[epoch]} is being released; expected it before the data is taken home; nothing was copied" \
    "$(lease_directory)/${LEASE[epoch]}.releasing; $SHARE $(share_state)" "look for a full disk or a quota on the share (df, df -i), then run the same pulumi destroy again"
}

# lease_begin_release: from here on the start guard refuses. Read back: what a guard lets start behind the proof is a second server.
lease_begin_release() {
  lease_read
  [[ ${LEASE[is]} == @(mine|mine-rebooted) ]] || return 0
  lease_mark releasing
  [[ ${LEASE[is]} != @(mine|mine-rebooted) || -n ${LEASE[releasing]:-} ]] ||
    fail incomplete "epoch $((10#${LEASE[epoch]})) did not get the mark that its release has begun; expected $(lease_directory)/${LEASE[epoch]}.releasing before anything stops; nothing was stopped" \
      "$(lease_sentence); $SHARE $(share_state)" "look for a full disk or a quota on the share (df, df -i), then run the same command again"
}

# lease_finish_release DATABASE_STATE: says that nothing of the epoch runs any more. Only after the proof.
lease_finish_release() {
  lease_read
  case ${LEASE[is]} in
    mine | mine-rebooted | mine-releasing)
      printf 'by %s\ndatabase %s\n' "$NODE" "$1" | lease_publish "${LEASE[epoch]}.released" || true
      lease_read
      [[ ${LEASE[is]} == released ]] || fail incomplete "epoch ${LEASE[epoch]} could not be released" "$(lease_sentence)" \
        "run the same command again"
      say "owner lease: epoch $((10#${LEASE[epoch]})) is released"
      ;;
  esac
}

# lease_require: the last look before anything that touches the share or the network.
lease_require() {
  lease_read fresh
  [[ ${LEASE[is]} == mine ]] || fail held "$NODE does not hold the owner lease; expected it for $1" "$(lease_sentence)" \
    "pulumi up on the stack of $NODE says what is in the way"
}
