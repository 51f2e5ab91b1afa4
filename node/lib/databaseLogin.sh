# Whether xCAT could log in to its database: PostgreSQL's rules and the addresses on which it listens.

# hba_ask: for what HBA_PERL judges, into FILE, the file that the server reads, and HBA, its first arguments; false (1)
# where PostgreSQL's configuration is not there.
hba_ask() {
  local result=0 settings ssl certificate=no
  local -A CFGLOC=()
  settings=$(database_settings "who may log in" hba_file ssl) || result=$?
  ((result < 2)) || exit "$result"
  ((result == 0)) || return 1
  FILE=${settings%%$'\n'*} ssl=${settings#*$'\n'}
  cfgloc_read
  # The second one is where libpq looks by itself.
  [[ -z ${CFGLOC[sslcert]:-} && ! -e ~root/.postgresql/postgresql.crt ]] || certificate=yes
  HBA=("${CFGLOC[login]:-xcatadm}" "${CFGLOC[dbname]:-xcatdb}" "$ssl" "${CFGLOC[sslmode]:-prefer}" "$certificate")
}

# hba_look FILE: for each address of ORDERED what decides, into RULE, and why nothing may be written for one, into
# STUCK; false (1) where the file is proven not to be there.
hba_look() {
  local text lines address state stuck result=0
  RULE=() STUCK=
  text=$(share_read "$1" "who may log in") || result=$?
  ((result < 2)) || exit "$result"
  ((result == 0)) || return 1
  lines=$(perl -e "$HBA_PERL" list "${HBA[@]}" "${ORDERED[@]%/32}" <<<"$text") ||
    fail unknown "$1 cannot be judged on $NODE; expected to know who may log in" "perl failed, as the line above says" \
      "run the same command again; if it stays, this is a defect of xcat-ha"
  while IFS=$'\t' read -r address state stuck; do
    RULE["$address/32"]=$state
    STUCK=${STUCK:-${stuck:+$address: $stuck}}
  done <<<"$lines"
}

# hba_stuck ADDRESS...: why the site's own rules leave xCAT no login, and none of ours may be written above them, as
# FILE and line; nothing where none does. Known before anything stops for it.
hba_stuck() {
  local FILE='' HBA=() STUCK='' result=0 ORDERED=("$@")
  local -A RULE=()
  hba_ask || result=1
  ((result)) || hba_look "$FILE" || result=1
  [[ -z $STUCK ]] || printf '%s, %s\n' "$FILE" "$STUCK"
}

readonly LISTENS="on which addresses PostgreSQL listens"

listens_on() { # LIST ADDRESS
  local item items=()
  IFS=, read -ra items <<<"$1"
  for item in "${items[@]}"; do
    item=${item#"${item%%[![:space:]]*}"}
    item=${item%"${item##*[![:space:]]}"}
    [[ $item != @("$2"|\*|0.0.0.0) ]] || return 0
  done
  return 1
}

# listen_stuck ADDRESS...: why no setting of ours wins: the unit's command line has one; nothing where it has none, or
# one that will do. Known before anything stops for it.
listen_stuck() {
  local address option list='' set=''
  local -A DATABASE_UNIT=()
  local DATABASE_OPTIONS=()
  database_unit
  for option in "${DATABASE_OPTIONS[@]}"; do
    [[ $option != listen_addresses=* ]] || list=${option#*=} set=yes
  done
  [[ -n $set ]] || return 0
  for address; do
    listens_on "$list" "$address" || {
      printf "%s.service listens on '%s' by its command line, whatever its configuration says\n" \
        "$(unit_of postgresql)" "$list"
      return 0
    }
  done
}

# login_facts ROLE: fills FACT[login]: why xCAT would not come to its database here, whatever is written, or nothing.
# Asked where this node's links or, before the first setup, its own directories show PostgreSQL's configuration, and
# PostgreSQL can read it.
login_facts() {
  FACT[login]=
  [[ $1 == active && ${FACT[lease]} != mine* && -z ${FACT[tools]}${FACT[unfit]}${FACT[missing]} &&
    (${FACT[links]} == all || ${FACT[shared]} == absent) ]] || return 0
  # A preview has the settings alone, and no values of parts.
  FACT[login]=$(hba_stuck "$VIP" "${STATIC_ADDRESS%/*}" "$PEER_ADDRESS") || exit
  [[ -n ${FACT[login]} ]] || FACT[login]=$(listen_stuck "$VIP" "${STATIC_ADDRESS%/*}" "$PEER_ADDRESS") || exit
}
