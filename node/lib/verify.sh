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
  local log="$RUN/probe.log" result=0 level text pattern reason why
  # It leaves a file in the directory from which it is started.
  (cd "$RUN" && quietly "$log" xcat "$PROBE_SECONDS" "$PROBE" -i "$1") || result=$?
  if ((result != 0)) || ! grep -qE '^\[(ok|failed)\] *:\[.*\]: ?Checking on MN' "$log"; then
    row failed xcatprobe "ended with $result before its summary: $(last_lines "$log")"
  fi
  while IFS=$'\t' read -r level text; do
    [[ $text != *'Checking on MN'* ]] || continue
    why=
    if [[ $level == warning ]]; then
      while IFS=$'\t' read -r pattern reason; do
        [[ ${text,,} != *"$pattern"* ]] || why=$reason
      done < <(probe_harmless)
    fi
    if [[ -n $why ]]; then row harmless xcatprobe "$text ($why)"; else row "$level" xcatprobe "$text"; fi
  done < <(sed -nE 's/^\[(ok|warning|failed)\] *:\[[^]]*\]: ?(.*)$/\1\t\2/p' "$log")
}

# verify_rows: every check of the active node.
verify_rows() {
  local part key compared label seen
  for part in "${MANIFEST[@]%% *}"; do
    [[ $part != nodeProgram ]] || continue
    load_values active "$part"
    # In a child: what cannot be observed ends it, and not the table. No condition around it, which would take set -e away.
    mapfile -t seen < <(
      set -e
      trap - ERR
      observe_part "$part" 2>/dev/null
      for key in "${!WANT[@]}"; do
        [[ ${SEEN[$key]} == "${WANT[$key]}" ]] || row failed "$part" "$key is '${SEEN[$key]}', wanted '${WANT[$key]}'"
      done
      row ok "$part" "observed"
    )
    if ((${#seen[@]})); then printf '%s\n' "${seen[@]}"; else row failed "$part" "cannot be observed"; fi
  done
  load_values active virtualIp
  label=${WANT[label]}
  probe_rows "$label"
  if compared=$(compare_cluster_data); then
    row ok 'cluster data' "$(head -n 1 <<<"$compared")"
  else
    while IFS= read -r key; do row warning 'cluster data' "$key"; done <<<"$compared"
  fi
}

# verify: the table; false when a check failed. What differs in the cluster data is for a person to judge: admins change it too.
verify() {
  local rows
  rows=$(verify_rows) || rows+=$'\n'$(row failed 'the checks' 'did not come to their end')
  awk -F'\t' '{ printf "%-9s %-16s %s\n", $1, $2, $3 }' <<<"$rows"
  [[ $'\n'$rows != *$'\n'failed* ]]
}

# verify_after_activation: the same, as the end of a change of role. It never fails the run: the services are there, and a person must read it.
verify_after_activation() {
  local table
  if table=$(verify); then
    say "verified: $(grep -c '^ok' <<<"$table") checks passed$(sed -n 's/^warning/; warning/p' <<<"$table" | tr -s ' ' | tr -d '\n')"
  else
    say "verification found what is not right; xcat-ha verify on $NODE shows the whole table"
    grep -E '^(failed|warning)' <<<"$table"
  fi
}
