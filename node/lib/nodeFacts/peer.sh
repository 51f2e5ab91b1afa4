# What the other node has written of itself, read.

# facts_read: what the other node has written, into PEER_FACTS; where that cannot be told, why, into UNTOLD.
facts_read() {
  local file text result=0
  file=$(facts_file "$PEER")
  PEER_FACTS=() UNTOLD=''
  text=$(share_read "$file" "what $PEER has" 2>&1) || result=$?
  if ((result == 1)); then
    UNTOLD="$PEER has not written $file"
  elif ((result)); then
    UNTOLD=$(error_said "$text")
  elif ! document_read PEER_FACTS <<<"$text"; then
    PEER_FACTS=()
    UNTOLD="$file is no whole document"
  fi
}

# facts_fresh: "yes", or why what the other node has written may be of another time. Of an owner that beats.
facts_fresh() {
  local file beat times
  file=$(facts_file "$PEER") beat=$SHARE/.xcat-ha/beat/$NODE
  times=$(share_do stat -c %Y -- "$file" "$beat" 2>&1) || {
    printf 'how old %s is cannot be told: %s\n' "$file" "$(one_line "${times:-no answer within $SHARE_DEADLINE s}")"
    return 0
  }
  mapfile -t times <<<"$times"
  if ((times[1] - times[0] > FACTS_LIMIT)); then
    printf '%s was written %s s before the last beat of %s; expected one of the last %s s\n' "$file" \
      "$((times[1] - times[0]))" "$NODE" "$FACTS_LIMIT"
  else
    printf 'yes\n'
  fi
}

# facts_unlike: what should be the same on both nodes, and is not or cannot be told, by OWN_FACTS and PEER_FACTS:
# nothing, or sentences on one line.
facts_unlike() {
  local key words said=()
  for key in gid xcat system; do
    if [[ ${OWN_FACTS[$key]:-unknown} == unknown* ]]; then
      said+=("${FACT_WORDS[$key]} cannot be told on $NODE: ${OWN_FACTS[$key]#unknown }")
    elif [[ ${PEER_FACTS[$key]:-unknown} == unknown* ]]; then
      words=${PEER_FACTS[$key]:-not written}
      said+=("${FACT_WORDS[$key]} cannot be told on $PEER: ${words#unknown }")
    elif [[ ${OWN_FACTS[$key]} != "${PEER_FACTS[$key]}" ]]; then
      said+=("${FACT_WORDS[$key]} is ${OWN_FACTS[$key]} on $NODE and ${PEER_FACTS[$key]} on $PEER")
    fi
  done
  ((${#said[@]} == 0)) || one_line "$(printf '%s\n' "${said[@]}")" ';'
}

# peer_facts ROLE: fills FACT[peer_unfit]: why the other node could not run the database, or nothing; FACT[peer_untold]:
# why that, or what it has, cannot be told; FACT[unlike]: see facts_unlike. Not asked of an owner that stays one, and of
# a step down that has begun or stops nothing.
peer_facts() {
  local UNTOLD='' fresh
  FACT[peer_unfit]='' FACT[peer_untold]='' FACT[unlike]=''
  [[ ${FACT[shared]} == present &&
    $1/${FACT[lease]} == @(standby/mine|standby/other*|active/other*|active/released) ]] || return 0
  facts_read
  if [[ -z $UNTOLD ]]; then
    facts_look
    FACT[unlike]=$(facts_unlike) || exit
  fi
  if [[ $1/${FACT[lease]} == standby/mine && -z $UNTOLD ]]; then
    fresh=$(facts_fresh) || exit
    if [[ $fresh != yes ]]; then
      UNTOLD=$fresh
    elif [[ ${PEER_FACTS[fit]:-} == 'no '* ]]; then
      FACT[peer_unfit]=${PEER_FACTS[fit]#no }
    elif [[ ${PEER_FACTS[mount]:-} == 'is '* && ${PEER_FACTS[mount]} != 'is mounted with '* ]]; then
      FACT[peer_unfit]="$SHARE ${PEER_FACTS[mount]}"
    elif [[ ${PEER_FACTS[fit]:-} != yes || ${PEER_FACTS[mount]:-} != @(ok|is *) ]]; then
      UNTOLD=${PEER_FACTS[fit]:-not written}
      [[ $UNTOLD != yes ]] || UNTOLD=${PEER_FACTS[mount]:-not written}
      UNTOLD="$PEER cannot tell itself: ${UNTOLD#unknown }"
    fi
  fi
  FACT[peer_untold]=$UNTOLD
}

# facts_sentence: what the other node has, for xcat-ha status.
facts_sentence() {
  local UNTOLD=''
  facts_read
  if [[ -n $UNTOLD ]]; then
    printf 'what it has cannot be told: %s\n' "$UNTOLD"
  else
    printf 'PostgreSQL %s, uid:gid %s:%s, xCAT %s, %s; can run the database: %s; written %s\n' \
      "${PEER_FACTS[postgresql]:-unknown}" "${PEER_FACTS[uid]:-unknown}" "${PEER_FACTS[gid]:-unknown}" \
      "${PEER_FACTS[xcat]:-unknown}" "${PEER_FACTS[system]:-unknown}" "${PEER_FACTS[fit]:-it runs it}" \
      "${PEER_FACTS[time]:-at an unknown time}"
  fi
}

# siteCommands_software: of a standby node beside an owner: what would be in the way of a failover, found by each
# refresh.
siteCommands_software() {
  local UNTOLD='' fit mount said=()
  lease_read
  if [[ ${WANT[software]} == asked* || ${LEASE[is]} != other* ]]; then
    seen_as_told software
    return
  fi
  fit=$(facts_fit) || exit
  case $fit in
    yes) ;;
    no\ *) said+=("$NODE could not run the database of the pair: ${fit#no }") ;;
    *) said+=("whether $NODE could run the database of the pair cannot be told: ${fit#unknown }") ;;
  esac
  mount=$(facts_mount) || exit
  case $mount in
    ok) ;;
    unknown\ *) said+=("how $SHARE is mounted cannot be told: ${mount#unknown }") ;;
    *) said+=("$SHARE $mount") ;;
  esac
  facts_read
  if [[ -n $UNTOLD ]]; then
    said+=("what $PEER has cannot be told: $UNTOLD")
  else
    facts_look
    fit=$(facts_unlike) || exit
    [[ -z $fit ]] || said+=("$fit")
  fi
  if ((${#said[@]} == 0)); then
    seen_as_told software
  else
    SEEN[software]=$(one_line "$(printf '%s\n' "${said[@]}")" ';')
  fi
}
