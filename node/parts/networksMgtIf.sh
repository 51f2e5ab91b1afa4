# networksMgtIf: networks.mgtifname of the management network (the manual, "Modify provision network entry").
# By chdef after xcatd is up: tabedit cannot run while xcatd is stopped, and waits for a person.

networksMgtIf_observe() {
  local state line
  seen_as_told network
  [[ -n ${WANT[mgtifname]:-} ]] || return 0
  state=$(unit_state xcatd)
  if [[ $state != active ]]; then
    SEEN[mgtifname]="(needs xcatd: ${state:-not installed})"
    return 0
  fi
  if ! virtualIp_is_here; then
    SEEN[mgtifname]="(needs the VIP: absent)"
    return 0
  fi
  if line=$(xcat "$XCAT_SECONDS" lsdef -t network -o "${WANT[network]}" -i mgtifname -c 2>&1) &&
    [[ $line == "${WANT[network]}: mgtifname="* ]]; then
    SEEN[mgtifname]=${line#"${WANT[network]}: mgtifname="}
  else
    SEEN[mgtifname]="(lsdef: $(tr '\n' ' ' <<<"$line" | cut -c1-200))"
  fi
}

networksMgtIf_apply() {
  local output
  [[ -n ${WANT[mgtifname]:-} ]] || return 0
  networksMgtIf_observe
  [[ ${SEEN[mgtifname]} != "${WANT[mgtifname]}" ]] || return 0
  lease_require "networks.mgtifname"
  output=$(xcat "$XCAT_SECONDS" chdef -t network -o "${WANT[network]}" "mgtifname=${WANT[mgtifname]}" 2>&1) || true
  networksMgtIf_observe
  # chdef ends with 0 also where nothing was written: the value that is read back counts.
  [[ ${SEEN[mgtifname]} == "${WANT[mgtifname]}" ]] ||
    fail incomplete \
      "networks.mgtifname of ${WANT[network]} is ${SEEN[mgtifname]} after chdef; expected ${WANT[mgtifname]}" \
      "$(tr '\n' ' ' <<<"$output" | cut -c1-400)" \
      "lsdef -t network on $NODE; is network in cluster.yaml the name of a networks row?"
  say "networks.mgtifname of ${WANT[network]} is ${WANT[mgtifname]}"
}

# Shared data: never touched by a destroy.
networksMgtIf_remove() { :; }
