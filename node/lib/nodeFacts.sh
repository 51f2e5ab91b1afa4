# What each node has to run the pair with: written by itself beside the owner lease, read by the other one, which may be asked nothing when it counts.
#
#   SHARE/.xcat-ha/nodes/xcatmn2   a document: versions of PostgreSQL, uid and gid of its user, xCAT's version, the system; of a standby node also
#                                  mount and fit (yes; no WHY; unknown WHY): whether it could run the database of the pair. What no look could tell
#                                  is "unknown WHY". time is for people
#
# The standby node's watch writes it at each look, the owner's beat from time to time. Who steps down asks whether the other node could go on.

readonly FACTS_OWNER_SECONDS=300
# Ten looks of a watch. Measured from the owner's last beat: both are times of the share, and no clocks of two nodes are compared.
readonly FACTS_LIMIT=300
readonly FACTS_LOOK_SECONDS=5
XCAT_LIBRARY=/opt/xcat/lib/perl
# What of OWN_FACTS and PEER_FACTS should be the same.
declare -grA FACT_WORDS=([gid]='the gid of the user postgres' [xcat]="xCAT's version" [system]='the system')

declare -gA OWN_FACTS=() PEER_FACTS=()

facts_file() { printf '%s/.xcat-ha/nodes/%s\n' "$SHARE" "$1"; }

# facts_look: into OWN_FACTS, what needs no share.
facts_look() {
  local user said
  OWN_FACTS=()
  OWN_FACTS[postgresql]=$(database_versions)
  said=$(within "$FACTS_LOOK_SECONDS" getent passwd postgres 2>&1 </dev/null) || said="unknown ${said:-no user postgres}"
  if [[ $said == postgres:* ]]; then
    IFS=: read -ra user <<<"$said"
    OWN_FACTS[uid]=${user[2]} OWN_FACTS[gid]=${user[3]}
  else
    OWN_FACTS[uid]=$(one_line "$said") OWN_FACTS[gid]=$(one_line "$said")
  fi
  OWN_FACTS[xcat]=$(xcat_version)
  # Its minor releases come with every patch day.
  said=$(system_name)
  OWN_FACTS[system]=${said%%.*}
}

# xcat_version: as lsxcatd -v prints it, by the library that it asks: lsxcatd itself needs xcatd, which no standby node runs. What it said is
# remembered with the file that said it: each watch would start perl. What could not be told is asked again.
xcat_version() {
  local said file='' known='' note=$RUN/xcat-version
  # An upgrade may bring a file with an older time: when it came here counts, too.
  file=$(stat -c '%i %Y %Z' -- "$XCAT_LIBRARY/xCAT/Version.pm" 2>/dev/null) || file=
  { IFS= read -r known <"$note"; } 2>/dev/null || known=
  if [[ -n $file && $known == "$file "[0-9]* ]]; then
    printf '%s\n' "${known#"$file "}"
    return 0
  fi
  said=$(within "$FACTS_LOOK_SECONDS" perl "-I$XCAT_LIBRARY" -MxCAT::Version -e 'print xCAT::Version::Version("short")' 2>&1 </dev/null) ||
    said="unknown ${said:-no answer of xCAT::Version within $FACTS_LOOK_SECONDS s}"
  [[ $said == [0-9]* || $said == unknown\ * ]] || said="unknown xCAT::Version says '$said'"
  said=${said%%$'\n'*}
  [[ -z $file || $said == unknown\ * ]] || { printf '%s %s\n' "$file" "$said" >"$note"; } 2>/dev/null || true
  printf '%s\n' "$said"
}

# facts_fit: "yes", "no WHY", or "unknown WHY": could this node run the database of the pair?
facts_fit() {
  local said result=0
  local -A WANT=()
  directories_wanted
  said=$(database_unfit "$(shared_of /var/lib/pgsql)" 2>&1) || result=$?
  if ((result)); then
    printf 'unknown %s\n' "$(error_said "$said")"
  elif [[ -n $said ]]; then
    printf 'no %s\n' "$said"
  else
    printf 'yes\n'
  fi
}

# facts_mount: as mount_state, or "unknown WHY".
facts_mount() {
  local said
  said=$(mount_state 2>&1) || said="unknown $(error_said "$said")"
  printf '%s\n' "$said"
}

# facts_keep standby|owner: writes them; an owner only from time to time, and it looks at no more of the share than it must: it runs the database
# already. A failure is said, and false; nothing waits for it.
facts_keep() {
  local now last='' said
  now=$(uptime_seconds) || return
  { IFS= read -r last <"$RUN/facts"; } 2>/dev/null || true
  [[ $1 == standby || ! $last =~ ^[0-9]+$ ]] || ((last > now || now - last >= FACTS_OWNER_SECONDS)) || return 0
  facts_look
  if [[ $1 == standby ]]; then
    OWN_FACTS[fit]=$(facts_fit)
    OWN_FACTS[mount]=$(facts_mount)
  fi
  OWN_FACTS[time]=$(TZ=UTC0 printf '%(%Y-%m-%dT%H:%M:%SZ)T' -1)
  said=$({ share_do install -d -m 0755 "$SHARE/.xcat-ha/nodes" && document_write OWN_FACTS | share_write "$(facts_file "$NODE")" 0644; } 2>&1) || {
    say "what $NODE has could not be kept on $SHARE, for $PEER: $(one_line "${said:-no answer within $SHARE_DEADLINE s}")"
    return 1
  }
  printf '%s\n' "$now" >"$RUN/facts"
}

# facts_forget: of a node that is let go.
facts_forget() {
  local said
  rm -f -- "$RUN/facts" "$RUN/xcat-version"
  said=$(share_do rm -f -- "$(facts_file "$NODE")" 2>&1) ||
    say "warning: $(facts_file "$NODE") stays: $(one_line "${said:-no answer within $SHARE_DEADLINE s}")"
}

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
    printf '%s was written %s s before the last beat of %s; expected one of the last %s s\n' "$file" "$((times[1] - times[0]))" "$NODE" "$FACTS_LIMIT"
  else
    printf 'yes\n'
  fi
}

# facts_unlike: what should be the same on both nodes, and is not or cannot be told, by OWN_FACTS and PEER_FACTS: nothing, or sentences on one line.
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

# peer_facts ROLE: fills FACT[peer_unfit]: why the other node could not run the database, or nothing; FACT[peer_untold]: why that, or what it has,
# cannot be told; FACT[unlike]: see facts_unlike. Not asked of an owner that stays one, and of a step down that has begun or stops nothing.
peer_facts() {
  local UNTOLD='' fresh
  FACT[peer_unfit]='' FACT[peer_untold]='' FACT[unlike]=''
  [[ ${FACT[shared]} == present && $1/${FACT[lease]} == @(standby/mine|standby/other*|active/other*|active/released) ]] || return 0
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
    printf 'PostgreSQL %s, uid:gid %s:%s, xCAT %s, %s; can run the database: %s; written %s\n' "${PEER_FACTS[postgresql]:-unknown}" "${PEER_FACTS[uid]:-unknown}" "${PEER_FACTS[gid]:-unknown}" \
      "${PEER_FACTS[xcat]:-unknown}" "${PEER_FACTS[system]:-unknown}" "${PEER_FACTS[fit]:-it runs it}" "${PEER_FACTS[time]:-at an unknown time}"
  fi
}

# siteCommands_software: of a standby node beside an owner: what would be in the way of a failover, found by each refresh.
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
  if ((${#said[@]} == 0)); then seen_as_told software; else SEEN[software]=$(one_line "$(printf '%s\n' "${said[@]}")" ';'); fi
}
