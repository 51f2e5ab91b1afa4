# Whether the database is whole in its directory, and whether this node can run it.

# What of a data directory PostgreSQL makes anew, or goes without.
readonly DATABASE_SPARE='@(log|pg_log|pg_stat_tmp)?(/*)'
# What the database itself is made of, down to the last file; and its configuration, where it lies beside it.
readonly DATABASE_CORE='@(base|global|pg_*|PG_VERSION|*.conf)?(/*)'

# database_below TREE: the data directory below TREE, which is the place of /var/lib/pgsql.
database_below() {
  local home data
  home=$(path_of /var/lib/pgsql) && data=$(path_of /var/lib/pgsql/data) || exit
  printf '%s%s\n' "$1" "${data#"$home"}"
}

# same_place PATH PATH: two looks that fail are not the same.
same_place() {
  local one='' other=''
  { one=$(share_do readlink -m -- "$1" 2>&1) && other=$(share_do readlink -m -- "$2" 2>&1); } ||
    fail unknown "whether $1 and $2 are the same on $NODE cannot be told; expected to know where they lead" \
      "${other:-${one:-no answer within $SHARE_DEADLINE s}}" \
      "readlink -m $1 $2 on $NODE; when it answers, run the same command again"
  [[ $one == "$other" ]]
}

# database_astray TREE WHOSE: what of the database lies, or is looked for, where the other node does not have it, each
# with its place; nothing where all of it is in TREE. WHOSE is "here" where this node's configuration belongs to TREE.
database_astray() {
  local tree=$1 data own unit root share links paths=() targets=() target index astray=() result=0
  local -A DATABASE_UNIT=()
  local DATABASE_OPTIONS=()
  data=$(path_of /var/lib/pgsql/data)
  database_unit
  unit=${DATABASE_UNIT[config]}
  [[ -z $unit ]] || same_place "$unit" "$(path_of /var/lib/pgsql/data/postgresql.conf)" ||
    astray+=("$(unit_of postgresql).service reads $unit, not $(path_of /var/lib/pgsql/data/postgresql.conf)")
  unit=${DATABASE_UNIT[data]}
  [[ -z $unit || $unit == /* ]] ||
    fail unknown \
      "which data directory $(unit_of postgresql) has on $NODE cannot be told; expected to know whether it is ours" \
      "$unit" "name it by its whole path (systemctl cat $(unit_of postgresql)), then run the same command again"
  [[ -z $unit ]] || same_place "$unit" "$data" || astray+=("$(unit_of postgresql).service works on $unit, not on $data")
  own=$(database_below "$tree") || exit
  { root=$(share_do readlink -m -- "$tree") && share=$(share_do readlink -m -- "$SHARE") &&
    target=$(share_do readlink -m -- "$own"); } ||
    fail unknown "where the database in $tree of $NODE lies cannot be told; expected to know it" \
      "no answer to readlink" "look at $tree on $NODE, then run the same command again"
  [[ $target == "$root"/* || $target == "$share"/* ]] || astray+=("$own leads to $target")
  # A link that leads to nothing is named above, or is the business of who looks for the database.
  links=$(share_do bash -c '[[ ! -e $1/ ]] || find "$1/" -type l' links "$own") ||
    fail unknown "whether all of the database is in $own of $NODE cannot be told; expected to know its links" \
      "no answer to find" "look at $own on $NODE, then run the same command again"
  if [[ $2 == here ]]; then
    unit=$(database_settings "which data directory PostgreSQL has" data_directory) || result=$?
    ((result < 2)) || exit "$result"
    ((result)) || same_place "$unit" "$data" ||
      astray+=("data_directory in $(path_of /var/lib/pgsql/data/postgresql.conf) is $unit, not $data")
  fi
  [[ -z $links ]] || mapfile -t paths <<<"$links"
  ((${#paths[@]} == 0)) || links=$(share_do readlink -m -- "${paths[@]}") ||
    fail unknown "where links in $own of $NODE lead cannot be told; expected to know it" "readlink -m" \
      "find $own/ -type l on $NODE, then run the same command again"
  [[ -z $links ]] || mapfile -t targets <<<"$links"
  for index in "${!paths[@]}"; do
    target=${targets[index]:-nowhere}
    [[ $target != "$root"/* && $target != "$share"/* ]] || continue
    # shellcheck disable=SC2053 # patterns
    [[ ${paths[index]#"$own"/} != $DATABASE_SPARE ]] || continue
    # A certificate or another file of the site, as its own tools keep it.
    # shellcheck disable=SC2053
    [[ ${paths[index]#"$own"/} == $DATABASE_CORE || ! -f $target ]] || continue
    astray+=("${paths[index]} leads to $target")
  done
  ((${#astray[@]} == 0)) || one_line "$(printf '%s\n' "${astray[@]}")" ';'
}

# database_unfit TREE: why this node cannot run the database that is there: another major version, another uid of its
# user; nothing where it can. Its gid PostgreSQL does not ask for (see facts_unlike).
database_unfit() {
  local data version tool said uid here
  data=$(database_below "$1") || exit
  version=$(share_text "$data/PG_VERSION" "which version of PostgreSQL the database needs") || exit
  if [[ -z $version ]]; then
    printf '%s/PG_VERSION is not there, where %s.service of %s has its database\n' "$data" "$(unit_of postgresql)" \
      "$NODE"
    return 0
  fi
  tool=$(database_tool postgres "$version") || tool=
  said=$([[ -z $tool ]] || "$tool" -V 2>&1 </dev/null) || said="$tool -V: ${said:-failed}"
  if [[ ! $said =~ \ $version(\.|[a-z]|\ |$) ]]; then
    printf 'the database is of PostgreSQL %s, and %s has %s\n' "$version" "$NODE" "${said:-no server}"
    return 0
  fi
  uid=$(share_do stat -c %u -- "$data") ||
    fail unknown "whose $data is cannot be told on $NODE; expected to know it" "stat" \
      "look at the shared data on $NODE, then run the same command again"
  here=$(id -u postgres 2>&1) || here="none ($here)"
  [[ $uid == "$here" ]] ||
    printf 'the database belongs to the uid %s, and that of the user postgres of %s is %s\n' "$uid" "$NODE" "$here"
}

# database_facts ROLE: fills FACT[astray] and FACT[unfit]. What runs under the lease already goes on.
database_facts() {
  local tree configured='' said result=0
  FACT[astray]='' FACT[unfit]=''
  if [[ ${FACT[shared]} == present && ${FACT[lease]} != @(none|mine*) ]]; then
    FACT[unfit]=$(database_unfit "$(shared_of /var/lib/pgsql)") || exit
  fi
  [[ ${FACT[lease]} != mine* && $1/${FACT[shared]} != standby/absent ]] || return 0
  if [[ ${FACT[shared]} == absent ]]; then
    tree=$(path_of /var/lib/pgsql) configured=here
    # Its absence has a sentence of its own.
    [[ -d $tree ]] || return 0
  else
    tree=$(shared_of /var/lib/pgsql)
    # What cannot run the database cannot read its configuration either.
    [[ ${FACT[links]} != all || -n ${FACT[unfit]} ]] || configured=here
  fi
  said=$(database_astray "$tree" "$configured" 2>&1) || result=$?
  if ((result)); then
    if [[ ${FACT[lease]} == none || ${FACT[shared]} != present ]]; then
      printf '%s\n' "$said" >&2
      exit "$result"
    fi
    said="cannot be told: ${said%%$'\n'*}" said=${said/error: /}
  fi
  FACT[astray]=$said
}
