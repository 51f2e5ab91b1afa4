# Verification of the active node (seed, "Verification"): our own checks, xcatprobe with the VIP's label, and the cluster data.

readonly PROBE=/opt/xcat/probe/subcmds/xcatmn
readonly PROBE_SECONDS=300

# Warnings of xcatprobe on every node of a pair, in small letters, and why they are as it should be (facts/xcat.md section 6): a text and
# a reason a line, separated by a tab.
probe_harmless() {
  printf '%s\t%s\n' 'static ip' 'the VIP is not persistent, on purpose'
}

# row RESULT CHECK WHAT: of the table that verify prints; RESULT is ok, harmless or failed.
row() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }

# probe_rows LABEL: xcatprobe's findings as rows.
probe_rows() {
  if [[ -x $PROBE ]]; then probe_output_rows "$1"; else row failed xcatprobe "$PROBE is not there: install xCAT-probe"; fi
}

# probe_output_rows LABEL: its exit code is 0 whatever it finds, so the raw lines are read (facts/xcat.md C20).
probe_output_rows() {
  local log="$RUN/probe.log" result=0 level text pattern reason why found
  # It leaves a file in the directory from which it is started.
  (cd "$RUN" && quietly "$log" xcat "$PROBE_SECONDS" "$PROBE" -i "$1") || result=$?
  if ((result != 0)) || ! grep -qE '^\[(ok|failed)\] *:\[.*\]: ?Checking on MN' "$log"; then
    row failed xcatprobe "ended with $result before its summary: $(last_lines "$log")"
  fi
  found=$(sed -nE 's/^\[(ok|warning|failed)\] *:\[[^]]*\]: ?(.*)$/\1\t\2/p' "$log")
  while IFS=$'\t' read -r level text; do
    [[ -n $level && $text != *'Checking on MN'* ]] || continue
    why=
    if [[ $level == warning ]]; then
      while IFS=$'\t' read -r pattern reason; do
        [[ ${text,,} != *"$pattern"* ]] || why=$reason
      done < <(probe_harmless)
    fi
    if [[ -n $why ]]; then row harmless xcatprobe "$text ($why)"; else row "$level" xcatprobe "$text"; fi
  done <<<"$found"
}

# verify_rows: every check of the active node.
verify_rows() {
  local part key compared label result=0 LOOK LOOK_WHY WRONG
  for part in "${MANIFEST[@]%% *}"; do
    [[ $part != nodeProgram ]] || continue
    load_values active "$part"
    part_look "$part"
    for key in "${WRONG[@]}"; do row failed "$part" "${key//[$'\n\t']/ }"; done
    if [[ $LOOK == unknown ]]; then row failed "$part" "cannot be observed: $LOOK_WHY"; else row ok "$part" "observed"; fi
  done
  hosts_row
  load_values active virtualIp
  label=${WANT[label]}
  probe_rows "$label"
  compared=$(compare_cluster_data 2>&1) || result=$?
  case $result in
    0) row ok 'cluster data' "$(head -n 1 <<<"$compared")" ;;
    1) while IFS= read -r key; do row warning 'cluster data' "$key"; done <<<"$compared" ;;
    *) row failed 'cluster data' "${compared//$'\n'/ }" ;;
  esac
}

# verify_table: for people. What differs in the cluster data is for a person to judge: admins change it too.
# No substitution in a condition, neither here nor around it: see part_look.
verify_table() {
  local rows=()
  mapfile -t rows < <(
    verify_rows
    printf 'the end\n'
  )
  if ((${#rows[@]})) && [[ ${rows[-1]} == 'the end' ]]; then
    unset 'rows[-1]'
  else
    rows+=("$(row failed 'the checks' 'did not come to their end')")
  fi
  printf '%s\n' "${rows[@]}" | awk -F'\t' '{ printf "%-9s %-16s %s\n", $1, $2, $3 }'
}

# passed TABLE: false when a check failed.
passed() { [[ $'\n'$1 != *$'\n'failed* ]]; }

# verify_after_activation: the same, as the end of a change of role. It never fails the run: the services are there, and a person must read it.
verify_after_activation() {
  local table
  table=$(verify_table)
  if passed "$table"; then
    say "verified: $(grep -c '^ok' <<<"$table") checks passed$(sed -n 's/^warning/; warning/p' <<<"$table" | tr -s ' ' | tr -d '\n')"
  else
    say "verification found what is not right; xcat-ha verify on $NODE shows the whole table"
    grep -E '^(failed|warning)' <<<"$table"
  fi
}
