# What PostgreSQL itself makes of its configuration: every include read, the last setting counted. Asked of its own program, which needs no
# running server for it.

# database_setting NAME TO_KNOW: the value; false (1) where the configuration is proven not to be there. A configuration that it cannot read
# is an error with the line that it names.
database_setting() {
  local configuration data tool version answer result=0
  configuration=$(path_of /var/lib/pgsql/data/postgresql.conf)
  data=$(path_of /var/lib/pgsql/data)
  share_read "$configuration" "$2" >/dev/null || return
  version=$(share_text "$data/PG_VERSION" "which version of PostgreSQL the database needs") || exit
  tool=$(database_tool postgres "$version") || fail misconfigured "PostgreSQL's program of version ${version:-unknown} is not on $NODE; expected to ask it $2" "$data/PG_VERSION" \
    "install the server of PostgreSQL ${version:-as on the other node} on $NODE, then run the same command again"
  # From where systemd starts it: what is relative is so to that. The dot keeps an empty value apart from what the program logs before it.
  answer=$(LC_ALL=C share_do env -C / "$tool" -C "$1" -D "$data" -c "config_file=$configuration" 2>&1 && printf .) || result=$?
  ((result < 124)) || fail unknown "$configuration cannot be read on $NODE; expected to know $2" "no answer within $SHARE_DEADLINE s" \
    "look at the shared data on $NODE (findmnt -T $SHARE), then run the same command again"
  if ((result != 0)); then
    answer=$(sed -n 's/^.*\(LOG\|FATAL\|HINT\): *//p' <<<"$answer" | grep -v '^skipping missing') || answer="it ended with $result"
    fail misconfigured "PostgreSQL cannot read its own configuration on $NODE; expected to know $2" "${answer//$'\n'/; }" \
      "correct the line on $NODE ($tool -C $1 -D $data -c config_file=$configuration reads it), then run the same command again"
  fi
  answer=${answer%$'\n'.}
  printf '%s\n' "${answer##*$'\n'}"
}
