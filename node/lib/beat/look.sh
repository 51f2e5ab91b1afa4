# What a beat looks at.

# Processes of its own: some twenty looks that never ended.
readonly BEAT_HANGING=50

# verb_beat: what the timer runs. It waits for no lock: a run that goes on while another node is the owner is ended.
verb_beat() {
  local steps verb argument reason
  beat_facts
  steps=$(plan)
  while IFS=$'\t' read -r verb argument reason <&3; do
    [[ -z $verb ]] || beat_step "$verb" "$argument" "$reason"
  done 3<<<"$steps"
  # What was blocked has ended between two beats.
  [[ -n $steps || ! -e $RUN/step-down-blocked ]] || beat_tell_demotion
}

beat_facts() {
  local read began vip
  load_values active beat
  # What cannot be told ends no beat: one that ended would neither show life nor step down.
  began=$(uptime_seconds) || began=
  declare -gA FACT=(
    [role]=beat [node]=$NODE [lease]=unknown [sentence]='' [frozen]='' [running]='' [vip]=absent [links]=unknown
    [on_share_loss]=${WANT[onShareLoss]} [share_loss_limit]=${WANT[shareLossSeconds]} [share_lost]=0
  )
  # In a child: what cannot be read ends it, and not the beat.
  if may_look "$BEAT_UNIT" "$BEAT_SECONDS" &&
    read=$(lease_read fresh 2>/dev/null && printf '%s\n' "${LEASE[is]}" "${LEASE[epoch]}" && lease_sentence); then
    FACT[lease]=${read%%$'\n'*} read=${read#*$'\n'}
    LEASE[epoch]=${read%%$'\n'*} FACT[sentence]=${read#*$'\n'}
  fi
  case ${FACT[lease]} in
    none | unknown)
      FACT[share_lost]=$(share_lost_seconds "$began") || FACT[share_lost]=unknown
      FACT[frozen]=$(frozen_here)
      ;;
    *)
      rm -f -- "$RUN/share-lost" || true
      frozen_follow || true
      ;;
  esac
  [[ ${FACT[lease]} != @(mine|mine-releasing) ]] || return 0
  directories_wanted
  FACT[links]=$(links_state 2>/dev/null) || FACT[links]=unknown
  FACT[running]=$(services_left apart 2>/dev/null) || FACT[running]='what cannot be told'
  if ! vip=$(virtualIp_entries "$VIP" 2>/dev/null); then FACT[vip]=unknown; elif [[ -n $vip ]]; then FACT[vip]=here; fi
}

# may_look UNIT SECONDS: where many former looks of a timer hang in the kernel only one in ten adds another: nobody can
# end them.
may_look() {
  local hanging
  hanging=$(unit_processes "$1" 2>/dev/null | wc -l) || true
  ((${hanging:-0} < BEAT_HANGING)) || (($(uptime_seconds) / $2 % 10 == 0))
}

# share_lost_seconds BEGAN: since the first of the looks that could not read it, without a gap between them; the last
# one began then. What was counted before nobody looked is no loss that goes on. By the clock that nobody sets. False
# where that cannot be told, or not be kept for the next beat, which would count from 0 again.
share_lost_seconds() {
  local now began since='' last=''
  now=$(uptime_seconds) || return
  began=${1:-$now}
  # One that was cut has no newline.
  { read -r since last <"$RUN/share-lost"; } 2>/dev/null || true
  [[ "$since $last" =~ ^[0-9]+\ [0-9]+$ ]] && ((last <= began && began - last <= BEAT_GAP_SECONDS)) || since=$now
  printf '%s %s\n' "$since" "$now" >"$RUN/share-lost" || return
  printf '%s\n' "$((now - since))"
}

uptime_seconds() {
  local now=
  read -r now _ </proc/uptime && [[ $now =~ ^[0-9]+ ]] || return
  printf '%s\n' "${BASH_REMATCH[0]}"
}
