# The owner lease: who may run the services, recorded on the shared data as epochs.
#
#   SHARE/.xcat-ha/epoch/000007.owner      who; made by link(2), never changed, never deleted
#   SHARE/.xcat-ha/epoch/000007.releasing  its owner steps down: from here on the start guard refuses
#   SHARE/.xcat-ha/epoch/000007.released   its owner has proven that nothing runs
#   SHARE/.xcat-ha/epoch/000007.named      a stack's config has named its owner as the active node
#
# An owner file with the line "dissolving yes" is the final epoch of a pair: its owner takes the data home (see
# node/lib/letGo/home.sh). Nobody starts anything under it, its owner included, and nobody else claims until the share
# says that what it holds is old.
#
# The newest epoch counts. No clock is compared, no lock is ever deleted (docs/failover-facts.md, Locks on a shared file
# system).

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

# lease_listing: the newest epoch's files and its owner file, by a child with a deadline.
# Asked "fresh", it makes and removes a file first: an NFS client then asks its server instead of its cache.
# An observation never does: it changes nothing.
lease_listing() {
  share_do bash -c '
    set -euo pipefail
    if ! cd -- "$1" 2>/dev/null; then
      # No epoch directory is no epoch; one that cannot be entered is none of the answers.
      answer=$(LC_ALL=C stat -- "$1" 2>&1) || case $answer in
        *": No such file or directory") [ -d "$2" ] && exit 0 ;;
      esac
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
    fail unknown "which machine $NODE is cannot be told; expected an id of the machine and of this boot" \
      "/etc/machine-id: ${machine:-empty}; boot: ${boot:-unknown}" \
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
    fail misconfigured \
      "epoch ${LEASE[epoch]} is written in format ${LEASE[format]}, which xcat-ha on $NODE does not understand; \
expected $FORMAT at most" \
      "$(lease_directory)/${LEASE[epoch]}.owner" \
      "pulumi up from the checkout that wrote it, on the stack of $NODE: it brings the newer xcat-ha"
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
    fail misconfigured \
      "$NODE has the machine id of ${LEASE[node]:-?}, which holds the owner lease; expected one of its own: the \
nodes cannot be told apart" \
      "$(lease_directory)/${LEASE[epoch]}.owner and /etc/machine-id on $NODE: $machine" \
      "on $NODE: rm /etc/machine-id; systemd-machine-id-setup; reboot. Then the same command again"
  elif [[ ${LEASE[node]:-} == "$NODE" ]]; then
    fail misconfigured \
      "the owner lease names $NODE with machine id ${LEASE[machine]:-?}; seen $machine here: another machine, or \
one installed anew" \
      "$(lease_directory)/${LEASE[epoch]}.owner and /etc/machine-id on $NODE" \
      "where this is not the machine that is called $NODE: correct nodes.$NODE in cluster.yaml" \
      "where it was installed anew: docs/failover.md, A node was installed anew"
  elif [[ -n ${LEASE[releasing]:-}${LEASE[dissolving]:-} ]]; then
    LEASE[is]="other-releasing"
  else
    LEASE[is]=other
  fi
}

# lease_from_console: the node that the newest epoch names came to it at the console, from another one, and no stack's
# config has named it since. What a stack that was not told orders meanwhile is stale.
lease_from_console() {
  [[ ${LEASE[origin]:-} == console && -n ${LEASE[from]:-} && ${LEASE[from]} != "${LEASE[node]}" &&
    -z ${LEASE[named]:-} ]]
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

# lease_require: the last look before anything that touches the share or the network.
lease_require() {
  lease_read fresh
  [[ ${LEASE[is]} == mine ]] ||
    fail held "$NODE does not hold the owner lease; expected it for $1" "$(lease_sentence)" \
      "pulumi up on the stack of $NODE says what is in the way"
}
