# The plan of a beat: what the owner's own timer does.

# plan_beat: what the owner's own timer does. Asked often, so it knows only FACT lease, sentence, links, running, vip
# (here, absent or unknown), on_share_loss, share_lost (seconds or unknown), share_loss_limit, frozen.
#        beat -         shows that the owner lives
#        end-run -      whatever order runs here is ended
#        kill, drop, gone, disarm    services, VIP, proof, cron and timer
# It was started under a lease of this boot: everything else is somebody else's, or not to be known. It runs on until
# the lease is released, and a moment longer: by then nothing is left to step down.
plan_beat() {
  local lost='the shared data cannot be read' was='the shared data could not be read' lasts="for ${FACT[share_lost]} s"
  case ${FACT[lease]} in
    mine) step beat - "the owner lease is ours" ;;
    mine-releasing) step beat - "the owner lease is ours, its release has begun" ;;
    none | unknown)
      # Epochs are never deleted: a share without one is another one, or not there whole.
      [[ ${FACT[lease]} == unknown ]] ||
        lost='the shared data names no owner any more' was='the shared data named no owner'
      # Not to know it is not "not long enough".
      [[ ${FACT[share_lost]} != unknown ]] || lasts='for a time that cannot be told'
      if [[ ${FACT[on_share_loss]} == keep ]]; then
        step note "$lost, $lasts now" "onShareLoss is keep: the services go on"
      elif [[ ${FACT[links]} == none && -z ${FACT[running]} ]]; then
        # A first setup before its first link: the VIP is still an ordinary address of the node, and the local data is
        # the truth.
        step note "$lost, $lasts now" "nothing of ${FACT[node]} is on it yet"
      elif [[ -n ${FACT[frozen]} ]]; then
        step note "$lost, $lasts now" "frozen ${FACT[frozen]}: the services go on"
      elif [[ ${FACT[share_lost]} != unknown ]] && ((FACT[share_lost] < FACT[share_loss_limit])); then
        step note "$lost, $lasts now" "after ${FACT[share_loss_limit]} s ${FACT[node]} steps down"
      else
        plan_demotion "$was $lasts"
      fi
      ;;
    *) plan_demotion "${FACT[sentence]}" ;;
  esac
}

# plan_demotion REASON: without a release, which would claim a proof.
plan_demotion() {
  [[ -n ${FACT[running]} || ${FACT[vip]} != absent ]] || return 0
  step end-run - "$1"
  step kill - "the database first: another node may be writing"
  step drop - "the VIP is the other node's"
  step gone - "nothing of ours runs any more"
  step disarm - "cron and timer"
}
