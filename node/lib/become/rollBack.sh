# The way back of a change of role that failed.

# roll_back_first_setup: a first setup that fails before the first link is switched starts again what ran: the local
# data is the truth, and no other node becomes active before the setup is finished (see first_setup_finished_or_ours).
# Services first, and by what is known here: the share may be what failed.
roll_back_first_setup() {
  local linked said directory
  [[ ${FACT[shared]} == @(absent|partial) && ${FACT[lease]} != other* && -e $RECORDS/units ]] || return 0
  directories_wanted
  [[ $(links_state) == none ]] || return 0
  linked=$(links_to_share) || exit
  [[ -z $linked ]] || return 0
  # Cut before the first link, behind what stepped aside for it: nothing works without that.
  for directory in "${!WANT[@]}"; do
    linked=$(stepped_aside "$(path_of "$directory")") || exit
    [[ -z $linked ]] || return 0
  done
  say "the first setup failed before anything was switched: what ran is started again"
  # It would stop what runs without a lease.
  beat_stop
  guards_remove
  units_restore
  # What runs again writes them: they are found anew.
  rm -rf -- "$RECORDS/found"
  said=$({ lease_begin_release && lease_finish_release "not moved"; } 2>&1) ||
    said=$(say "the owner lease stays with $NODE, and the next pulumi up goes on under it: $(head -n 1 <<<"$said")")
  [[ -z $said ]] || printf '%s\n' "$said"
}

# roll_back_activation: the node to which the services should come does not bring them up: what was started stops again,
# proven, and the epoch that it claimed is released, so that the other node, or this one, may become active. An owner
# that comes back from its own reboot gave nothing up, and goes on with the next order.
roll_back_activation() {
  local steps verb argument back=''
  [[ ${FACT[shared]} == present && ${FACT[lease]} == @(released|other*) ]] || return 0
  [[ ${FACT[lease]} != released ]] ||
    back="To go back: pulumi config set activeNode $PEER on both stacks, then pulumi up on the stack of $NODE, then \
of $PEER (at the console of $PEER: xcat-ha become active). "
  say "$NODE does not become active: what was started is stopped, and the owner lease released"
  FACT[role]=rollback
  ROLE=standby
  steps=$(plan)
  while IFS=$'\t' read -r verb argument _ <&4; do
    step_note step "$verb $argument"
    take_step "$verb" "$argument"
  done 4<<<"$steps"
  say "rolled back: nothing of the owner's runs on $NODE. ${back}To go on with $NODE: correct what the error above \
names, then the same command again"
}
