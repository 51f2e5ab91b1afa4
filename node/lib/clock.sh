# How far the clock of this node is off, by the time service that it runs.

# Seconds. docs/design.md says why.
readonly CLOCK_LIMIT=10

readonly CLOCK_KNOWN_SECONDS=60
# The service on this node answers at once, or (restrict noquery) never: ntpq alone would wait for 10 s, in every
# preview.
readonly CLOCK_ANSWER_SECONDS=3

# clock_offset: seconds between this clock and its source, without a sign, as the running time service says; nothing
# where it has none. The only place that looks: no clock is ever compared over the network by us.
clock_offset() {
  local service
  for service in ntpd chronyd; do
    [[ -n ${UNIT[$service]:-} && $(unit_state "$service") == active ]] || continue
    case ${UNIT[$service]} in
      chrony*) timeout "$CLOCK_ANSWER_SECONDS" chronyc -c tracking 2>/dev/null </dev/null | chrony_offset || true ;;
      *) timeout "$CLOCK_ANSWER_SECONDS" ntpq -pn 2>/dev/null </dev/null | ntp_offset || true ;;
    esac
    return 0
  done
}

# ntp_offset: out of `ntpq -pn`: the source that ntpd follows, or one that answers and is not out of line. The local
# clock is no source.
ntp_offset() {
  awk '
    NR <= 2 { next }
    { tally = substr($0, 1, 1); $0 = substr($0, 2) }
    NF < 10 || $7 == 0 || $3 >= 16 || $2 ~ /^\.?LOCL?\.?$/ || tally == "x" { next }
    { offset = ($9 < 0 ? -$9 : $9) / 1000 }
    tally == "*" || tally == "o" { followed = offset; follows = 1 }
    !answers { answered = offset; answers = 1 }
    END { if (follows) printf "%.6f\n", followed; else if (answers) printf "%.6f\n", answered }'
}

# chrony_offset: out of `chronyc -c tracking`. 7F7F0101 is its own clock.
chrony_offset() {
  awk -F, \
    '$1 !~ /^(00000000|7F7F0101)$/ && $14 != "Not synchronised" && NF >= 14 { printf "%.6f\n", $5 < 0 ? -$5 : $5 }'
}

# clock_state: ok, off, or unknown.
clock_state() {
  local offset
  offset=$(clock_offset)
  if [[ -z $offset ]]; then
    printf 'unknown\n'
  else
    awk -v offset="$offset" -v limit="$CLOCK_LIMIT" 'BEGIN { print (offset > limit ? "off" : "ok") }'
  fi
}

# clock_facts: fills FACT[clock]: ok, off, unknown, or stepped: still off although it was stepped in this boot.
clock_facts() {
  FACT[clock]=$(clock_state)
  if [[ ${FACT[clock]} == off && -e $RUN/clock-stepped ]]; then FACT[clock]=stepped; fi
}

clock_unit() {
  local service
  for service in ntpd chronyd; do
    [[ -z ${UNIT[$service]:-} || $(unit_state "$service") != active ]] || {
      unit_of "$service"
      return 0
    }
  done
}
