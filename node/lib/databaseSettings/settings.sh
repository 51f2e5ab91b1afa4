# What PostgreSQL itself makes of its configuration: every include read, the last setting counted. Asked of its own
# program, which needs no running server for it.

# database_settings TO_KNOW NAME...: the value of each, a line each; false (1) where the configuration is proven not to
# be there. A configuration that it cannot read is an error with the line that it names.
database_settings() {
  local to_know=$1 configuration data tool version name answer result
  local -A DATABASE_UNIT=()
  local DATABASE_OPTIONS=()
  configuration=$(path_of /var/lib/pgsql/data/postgresql.conf)
  data=$(path_of /var/lib/pgsql/data)
  # That it is there and can be read: its length costs tens of milliseconds (within reads by the byte).
  share_read "$configuration" "$to_know" head -c 0 || return
  version=$(share_text "$data/PG_VERSION" "which version of PostgreSQL the database needs") || exit
  tool=$(database_tool postgres "$version") ||
    fail misconfigured \
      "PostgreSQL's program of version ${version:-unknown} is not on $NODE; expected to ask it $to_know" \
      "$data/PG_VERSION" \
      "install the server of PostgreSQL ${version:-as on the other node} on $NODE, then run the same command again"
  database_unit
  for name in "${@:2}"; do
    # From where systemd starts it: what is relative is so to that. The dot keeps an empty value apart from what the
    # program logs before it.
    result=0
    answer=$(LC_ALL=C share_do env -C / "$tool" -C "$name" -D "$data" -c "config_file=$configuration" \
      "${DATABASE_OPTIONS[@]}" 2>&1 && printf .) || result=$?
    ((result < 124)) ||
      fail unknown "$configuration cannot be read on $NODE; expected to know $to_know" \
        "no answer within $SHARE_DEADLINE s" \
        "look at the shared data on $NODE (findmnt -T $SHARE), then run the same command again"
    if ((result != 0)); then
      answer=$(sed -n 's/^.*\(LOG\|FATAL\|HINT\): *//p' <<<"$answer" | grep -v '^skipping missing') ||
        answer="it ended with $result"
      fail misconfigured "PostgreSQL cannot read its own configuration on $NODE; expected to know $to_know" \
        "${answer//$'\n'/; }" \
        "correct the line on $NODE ($tool -C $name -D $data -c config_file=$configuration reads it), then run the \
same command again"
    fi
    answer=${answer%$'\n'.}
    printf '%s\n' "${answer##*$'\n'}"
  done
}

# database_unit: what PostgreSQL's unit says over its configuration: into DATABASE_UNIT data and config, the data
# directory and the file that it names, by its command line or its environment; into DATABASE_OPTIONS what else it sets
# on its command line.
database_unit() {
  local unit answer line file files='' text='' argv=() word next index
  DATABASE_UNIT=([data]='' [config]='') DATABASE_OPTIONS=()
  unit=$(unit_of postgresql)
  answer=$(systemctl show -p Environment -p EnvironmentFiles -p ExecStart -- "$unit.service" 2>&1 </dev/null) ||
    fail unknown "systemd does not say which data directory $unit has on $NODE; expected to know whether it is ours" \
      "systemctl show: $(one_line "$answer")" \
      "systemctl cat $unit on $NODE; when it answers, run the same command again"
  while IFS= read -r line; do
    case $line in
      Environment=*) [[ ! " ${line#Environment=}" =~ \ \"?PGDATA=([^\ \"]+) ]] || text=${text:-${BASH_REMATCH[1]}} ;;
      EnvironmentFiles=*) files+=" ${line#EnvironmentFiles=}" ;;
    esac
  done <<<"$answer"
  # A file wins over a line of the unit, and the command line over both.
  while [[ $files =~ \ (/[^\ ]+)(.*) ]]; do
    file=${BASH_REMATCH[1]} files=${BASH_REMATCH[2]}
    [[ -e $file ]] || continue
    line=$(sed -n 's/^[[:space:]]*\(PGDATA\|POSTGRES_DATADIR\)=["'\'']\{0,1\}\([^"'\'']*\).*/\2/p' "$file" |
      tail -n 1) || exit
    text=${line:-$text}
  done
  [[ ! $answer =~ ExecStart=\{[^\;]*\;\ argv\[\]=([^\;]*)\  ]] || read -ra argv <<<"${BASH_REMATCH[1]}"
  for ((index = 1; index < ${#argv[@]}; index++)); do
    word=${argv[index]} next=${argv[index + 1]:-}
    # What a variable holds is its environment's, asked above.
    [[ $word$next != *\$* ]] || continue
    case $word in
      -D | --pgdata) text=$next ;;
      -D/* | --pgdata=*) text=${word#-D} text=${text#--pgdata=} ;;
      # pg_ctl has letters of its own; with a value these are the server's.
      -c) [[ $next != *=* ]] || DATABASE_OPTIONS+=(-c "$next") ;;
      -h) DATABASE_OPTIONS+=(-c "listen_addresses=$next") ;;
      -i) DATABASE_OPTIONS+=(-c "listen_addresses=*") ;;
      --*=*) word=${word#--} next=${word#*=} word=${word%%=*} && DATABASE_OPTIONS+=(-c "${word//-/_}=$next") ;;
    esac
  done
  argv=("${DATABASE_OPTIONS[@]}") DATABASE_OPTIONS=()
  for word in "${argv[@]}"; do
    case $word in
      -c) ;;
      config_file=*) DATABASE_UNIT[config]=${word#*=} ;;
      data_directory=*) text=${word#*=} ;;
      *) DATABASE_OPTIONS+=(-c "$word") ;;
    esac
  done
  # systemd strips them; SLES' script lets a shell read it.
  text=${text%"${text##*[![:space:]]}"}
  if [[ $text == '~'* ]]; then
    word=${text%%/*}
    word=$(getent passwd "${word#'~'}") || word=
    IFS=: read -r _ _ _ _ _ word _ <<<"$word"
    [[ -z $word ]] || text=$word/${text#*/}
  fi
  DATABASE_UNIT[data]=$text
}
