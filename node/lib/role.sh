# The role of this node in a few lines: xcat-ha role, which root's login shows (see nodeProgram).

# verb_role: which node is active, what this one is, and what to do where it came back without having stepped down.
verb_role() {
  local seen former='' demoted='' standby='' result=0
  # Asked at logins, which do not wait for a share that hangs.
  SHARE_DEADLINE=1
  if made_standby; then standby=yes; else demoted=$(demotion); fi
  seen=$(lease_read 2>&1 && declare -p LEASE) || result=$?
  if ((result == 0)); then
    eval "declare -gA LEASE=${seen#*declare -A LEASE=}"
    if [[ -z $standby && ${LEASE[is]} == @(other|other-releasing|released) ]]; then
      former=$(lease_former 2>&1) || {
        result=${EXIT[unknown]}
        seen="error: whether $NODE stepped down cannot be told; expected to read the epochs in $(lease_directory)
evidence: $(one_line "${former:-no answer within $SHARE_DEADLINE s}")
next: look at the shared data on $NODE, then run the same command again"
      }
    fi
  fi
  if ((result != 0)); then
    # What stands before it was said by a command.
    seen="error: ${seen#*error: }"
    if [[ -n $demoted ]]; then
      seen=${seen%%$'\n'*}
      printf '%s\nwho is active now cannot be told: %s\n' "$demoted" "${seen#error: }"
      return 0
    fi
    printf '%s\n' "${seen/#error: /error: the role of $NODE cannot be told: }" >&2
    exit "$result"
  fi
  role_lines "$demoted" "${former% held}"
}

# role_lines DEMOTED FORMER: by the lease. FORMER is the epoch of this node that it did not release, and that another
# one has ended.
role_lines() {
  local epoch=$((10#${LEASE[epoch]})) since=${LEASE[time]:-no time} owner
  [[ $2 != *' released' ]] || set -- "$1" ''
  case ${LEASE[is]} in
    mine)
      if [[ -z $1 ]]; then
        printf '%s is the active node (epoch %s, since %s)\n' "$NODE" "$epoch" "$since"
      else
        printf '%s\nits epoch %s is still the newest. %s\n' "$1" "$epoch" \
          'To start everything again: pulumi up on its stack, or: xcat-ha become active'
      fi
      return
      ;;
    mine-rebooted)
      printf '%s\n' ${1:+"$1"} "$NODE was the active node before its last boot (epoch $epoch, since $since). To start \
everything again: pulumi up on its stack, or: xcat-ha become active"
      return
      ;;
    mine-releasing)
      printf '%s\n' ${1:+"$1"} "$NODE is stepping down (epoch $epoch, since $since)"
      return
      ;;
    other) owner="${LEASE[node]} is active (epoch $epoch, since $since)" ;;
    other-releasing) owner="${LEASE[node]} is stepping down (epoch $epoch, since $since)" ;;
    *) owner="no node is active: $(lease_sentence)" ;;
  esac
  if [[ -z $1$2 ]]; then
    [[ ${LEASE[is]} != other* ]] || owner="$NODE is a standby node; $owner"
    printf '%s\n' "$owner"
    return
  fi
  [[ ${LEASE[is]} != other ]] || owner="${LEASE[node]} has been active since $since (epoch $epoch)"
  [[ -z $1 ]] || printf '%s\n%s. %s.\n' "$1" "$owner" "$(services_here)"
  [[ -n $1 ]] ||
    printf '%s was active in epoch %s and did not step down by itself; %s\n%s.\n' "$NODE" "$2" "$owner" \
      "$(services_here)"
  printf 'To make it a standby node: pulumi up on its stack, or: xcat-ha become standby\n'
}

# made_standby: the last change of role here came behind the proof that nothing runs. What cannot be read says no such
# thing.
made_standby() {
  local -A beat=()
  [[ -r $RECORDS/values.beat ]] && document_load beat "$RECORDS/values.beat" && [[ ${beat[timer]:-} == absent ]]
}

# demotion: when and why this node stepped down by itself; nothing where it did not since its services were started.
demotion() {
  local text
  text=$(cat -- "$RECORDS/demoted" 2>&1) || {
    [[ $text != *': No such file or directory' ]] || return 0
    printf 'whether %s stepped down by itself cannot be told: %s\n' "$NODE" "$text"
    return 0
  }
  printf '%s stepped down by itself at %s: %s\n' "$NODE" "${text%% *}" "${text#* }"
}

# lease_former: the newest epoch of this machine before the newest of all, and whether it was released or is held;
# nothing where it has none.
lease_former() {
  share_do bash -c '
    set -euo pipefail
    cd -- "$1"
    files=$(LC_ALL=C ls -1)
    owners=$(sed -n "s/^\([0-9]\{6\}\)\.owner$/\1/p" <<<"$files" | LC_ALL=C sort -r)
    for epoch in $owners; do
      [ "$epoch" != "$2" ] || continue
      owner=$(cat -- "$epoch.owner")
      grep -qxF "machine $3" <<<"$owner" || continue
      state=held
      if grep -qxF "$epoch.released" <<<"$files"; then state=released; fi
      echo "$((10#$epoch)) $state"
      break
    done
  ' former "$(lease_directory)" "${LEASE[epoch]}" "$(machine_id)"
}

# services_here: what of the managed services runs here, in a sentence.
services_here() {
  local unit running='' REPLY UNIT_FILES
  if ! units_ask "${UNITS[@]}"; then
    printf "whether anything of the cluster's runs here cannot be told"
    return 0
  fi
  for unit in "${UNITS[@]}"; do
    [[ ${UNIT_STATE[$unit]} == @(inactive|failed) ]] || running+=" $unit"
  done
  if [[ -n $running ]]; then
    printf 'These still run here:%s' "$running"
  else
    printf "Nothing of the cluster's runs here"
  fi
}
