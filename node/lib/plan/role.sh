# The plan of an ordered role: what is in the way of any, then the one that is asked for.

plan_role() {
  case ${FACT[role]} in
    beat)
      plan_beat
      return
      ;;
    rollback)
      plan_rollback
      return
      ;;
  esac
  refuse_node
  [[ -n $REFUSAL ]] || refuse_share
  [[ -z $REFUSAL ]] || return 0
  [[ ${FACT[mount]} == ok ]] ||
    step note "warning: ${FACT[share_path]} on ${FACT[node]} ${FACT[mount]}" \
      "what runs so already is not stopped for it; findmnt -T ${FACT[share_path]}"
  case ${FACT[role]} in
    active) plan_active ;;
    standby) plan_standby ;;
    *)
      refuse usage "there is no role '${FACT[role]}'; expected active or standby" "asked for on ${FACT[node]}" \
        "xcat-ha plan active" "xcat-ha plan standby"
      ;;
  esac
}

# refuse_node: what is in the way on this node itself.
refuse_node() {
  if [[ ${FACT[system]} != ok ]]; then
    refuse misconfigured "${FACT[node]} is not supported: ${FACT[system]}" \
      "/etc/os-release, bash and systemd of ${FACT[node]}" "use one of the systems that the README lists"
  elif [[ -n ${FACT[tools]} ]]; then
    refuse misconfigured "${FACT[node]} has no ${FACT[tools]}; expected these commands" "command -v on ${FACT[node]}" \
      "install the packages on ${FACT[node]}, then run the same command again"
  elif [[ -n ${FACT[stack]} && -n ${FACT[managed_by]} && ${FACT[stack]} != "${FACT[managed_by]}" ]]; then
    refuse_other_stack
  elif [[ ${FACT[static]} == arping\ * ]]; then
    refuse unknown \
      "whether another machine has ${FACT[static_address]%/*} cannot be told; expected to know that nobody has \
before ${FACT[node]} takes it as its static address; nothing was touched" \
      "${FACT[static]}" "look at the interface on ${FACT[node]} (ip link), then run the same command again"
  elif [[ ${FACT[static]} != here && ${FACT[static]} != free ]]; then
    refuse refused \
      "another machine answers for ${FACT[static_address]%/*}; expected nobody before ${FACT[node]} takes it as its \
static address; nothing was touched" \
      "${FACT[static]}" "choose a free nodes.${FACT[node]}.address in cluster.yaml"
  elif [[ -n ${FACT[owners]} ]]; then
    refuse misconfigured \
      "${FACT[owners]}; expected one that can be given ${FACT[static_address]}; nothing was touched" \
      "NetworkManager, netplan, systemd-networkd, ifupdown, network-scripts and wicked on ${FACT[node]}" \
      "give ${FACT[static_address]%/*} to the interface with one of them, and take the interface out of the others, \
then run the same command again"
  fi
}

# refuse_share: what is in the way of what the share holds, and how it is mounted.
refuse_share() {
  local unknown
  if [[ ${FACT[share]} != ok ]]; then
    refuse unknown \
      "${FACT[share_path]} on ${FACT[node]} ${FACT[share]}; expected the shared data, mounted and writable; nothing \
was touched" \
      "stat and findmnt -T ${FACT[share_path]}" \
      "mount the shared data on ${FACT[node]}, then run the same command again"
  elif [[ ${FACT[lease]} != @(none|released|mine|mine-releasing|mine-rebooted|other|other-releasing) ||
    ${FACT[links]}/${FACT[shared]} != @(all|some|none)/@(present|partial|absent) ]]; then
    refuse unknown \
      "what ${FACT[share_path]} holds could not be observed on ${FACT[node]}; expected to know owner, links and \
directories" \
      "lease: ${FACT[lease]}, links: ${FACT[links]}, shared directories: ${FACT[shared]}" \
      "run the same command again; if it stays, this is a defect of xcat-ha"
  elif ! all_is_known; then
    refuse unknown "not all could be observed that counts on ${FACT[node]}; expected to know$unknown" \
      "each is 'unknown'" "run the same command again; if it stays, this is a defect of xcat-ha"
  elif mount_is_refused; then
    refuse misconfigured \
      "${FACT[share_path]} on ${FACT[node]} ${FACT[mount]}; expected a network or cluster file system that both \
nodes write, at its own mount point, of NFS hard, with locks and caches of at most a minute; nothing was touched" \
      "findmnt -T ${FACT[share_path]}" \
      "correct it in /etc/fstab on ${FACT[node]} (of NFS: hard, without nolock, local_lock, nocto and a long \
actimeo), umount and mount ${FACT[share_path]}, then run the same command again"
  elif [[ -n ${FACT[dissolved]} ]]; then
    refuse_dissolved
  elif [[ -n ${FACT[dissolving]} && ${FACT[lease]} == other* ]]; then
    refuse held "the pair is being dissolved: ${FACT[sentence]}; nothing was touched" \
      "the newest epoch in ${FACT[share_path]}/.xcat-ha/epoch" \
      "wait for the pulumi destroy of ${FACT[holder]}" \
      "where it was cut: run pulumi destroy on the stack of ${FACT[holder]} again" \
      "to keep the pair instead: pulumi up on the stack of ${FACT[holder]}"
  elif [[ -n ${FACT[mounted]} ]]; then
    refuse misconfigured \
      "these are mount points on ${FACT[node]}: ${FACT[mounted]}; expected directories that can step aside for \
links to ${FACT[share_path]}" \
      "findmnt ${FACT[mounted]//,/} on ${FACT[node]}" \
      "umount them and take them out of /etc/fstab on ${FACT[node]}, then run the same command again"
  elif is_frozen; then
    refuse_frozen
  fi
}
