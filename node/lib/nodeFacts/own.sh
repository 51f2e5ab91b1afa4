# What each node has to run the pair with: written by itself beside the owner lease, read by the other one, which may be
# asked nothing when it counts.
#
#   SHARE/.xcat-ha/nodes/xcatmn2   a document: versions of PostgreSQL, uid and gid of its user, xCAT's version, the
#                                  system; of a standby node also mount and fit (yes; no WHY; unknown WHY): whether it
#                                  could run the database of the pair. What no look could tell is "unknown WHY". time is
#                                  for people
#
# The standby node's watch writes it at each look, the owner's beat from time to time. Who steps down asks whether the
# other node could go on.

readonly FACTS_OWNER_SECONDS=300
# Ten looks of a watch. Measured from the owner's last beat: both are times of the share, and no clocks of two nodes are
# compared.
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
  said=$(within "$FACTS_LOOK_SECONDS" getent passwd postgres 2>&1 </dev/null) ||
    said="unknown ${said:-no user postgres}"
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

# xcat_version: as lsxcatd -v prints it, by the library that it asks: lsxcatd itself needs xcatd, which no standby node
# runs. What it said is remembered with the file that said it: each watch would start perl. What could not be told is
# asked again.
xcat_version() {
  local said file='' known='' note=$RUN/xcat-version
  # An upgrade may bring a file with an older time: when it came here counts, too.
  file=$(stat -c '%i %Y %Z' -- "$XCAT_LIBRARY/xCAT/Version.pm" 2>/dev/null) || file=
  { IFS= read -r known <"$note"; } 2>/dev/null || known=
  if [[ -n $file && $known == "$file "[0-9]* ]]; then
    printf '%s\n' "${known#"$file "}"
    return 0
  fi
  said=$(within "$FACTS_LOOK_SECONDS" perl "-I$XCAT_LIBRARY" -MxCAT::Version \
    -e 'print xCAT::Version::Version("short")' 2>&1 </dev/null) ||
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

# facts_keep standby|owner: writes them; an owner only from time to time, and it looks at no more of the share than it
# must: it runs the database already. A failure is said, and false; nothing waits for it.
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
  said=$({ share_do install -d -m 0755 "$SHARE/.xcat-ha/nodes" && document_write OWN_FACTS |
    share_write "$(facts_file "$NODE")" 0644; } 2>&1) || {
    say \
      "what $NODE has could not be kept on $SHARE, for $PEER: $(one_line "${said:-no answer within $SHARE_DEADLINE s}")"
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
