# The command line: the verbs, and what each does first.

usage() {
  cat <<'TEXT'
xcat-ha, the node side. It is driven by `pulumi up`; at the console:
  xcat-ha status          role, lease, services and every part of this node
  xcat-ha role            which node is active, and what this one is; root's login shows it
  xcat-ha plan ROLE       what `become ROLE` (active or standby) would do, or why it would refuse
  xcat-ha become ROLE     do it
  xcat-ha release         step down: become standby
  xcat-ha resume          go on with what was cut, by a reboot or in between: this node holds the newest epoch
  xcat-ha takeover EPOCH fence REASON
  xcat-ha takeover EPOCH "NODE is powered off" REASON
                          become active although NODE, which is dead, holds that epoch
  xcat-ha freeze MINUTES REASON
                          on the active node: no role changes, and no lost share makes it step down;
                          xcat-ha thaw ends it before
  xcat-ha notify          have /etc/xcat-ha.notify tell a test
  xcat-ha verify          every check of the active node: the parts, xcatprobe, the cluster data
  xcat-ha sync-hosts      send /etc/hosts to the other node now (cron does it)
  xcat-ha remove nodeProgram   away with the start guard and xcat-ha, on a node that was let go and stayed linked
TEXT
}

# main [VERB [ARGUMENT...]]: the verbs that need no description of the node, or may go without; all others in
# main_described.
main() {
  set -Eeuo pipefail
  # A substitution would go on behind what failed in it.
  shopt -s inherit_errexit
  trap 'unexpected "$?" "$BASH_COMMAND"' ERR
  export LC_ALL=C
  # A systemd unit has none, and xCAT's clients look for their certificates below it.
  export HOME=${HOME:-/root}
  umask 022
  case ${1:-} in
    serve) serve ;;
    install)
      document_receive WANT install
      install -d -m 0700 "$RUN"
      exec 9>>"$RUN/lock"
      lock 9 "$RUN/lock" "the installation of the node program"
      verb_install
      ;;
    notify)
      # Of an event everything is told: a description that cannot be read may be what it is about.
      if [[ -n ${4:-} ]]; then NODE=$4; else load_settings; fi
      notify_send "${2:-}" "${3:-}"
      ;;
    bootstrap)
      document_receive WANT bootstrap
      staticAddress_try
      ;;
    address-back)
      address_drop "$2" "$3"
      ;;
    '' | help) usage ;;
    *) main_described "$@" ;;
  esac
}

# main_described VERB [ARGUMENT...]
main_described() {
  case $1 in
    apply | remove | become | release | resume | work | guard | takeover | freeze | thaw) ;;
    plan | verify) ORIGIN=console ;;
    status | role | sync-hosts | receive-hosts) ;;
    beat | watch) install -d -m 0700 "$RUN" ;;
    *)
      usage
      exit "${EXIT[usage]}"
      ;;
  esac
  load_settings
  case $1 in
    apply) apply_or_pass "${2:-}" ;;
    remove | become) run "$1" "${2:-}" ;;
    release) run become standby </dev/null ;;
    resume) resume_at_console ;;
    work) work "$2" ;;
    guard) guard "${2:-this unit}" ;;
    takeover) takeover_at_console "${2:-}" "${3:-}" "${4:-}" ;;
    freeze) freeze "${2:-}" "${3:-}" ;;
    thaw) thaw ;;
    plan) verb_plan "${2:-active}" ;;
    status) verb_status ;;
    role) verb_role ;;
    verify) verb_verify ;;
    beat) verb_beat ;;
    watch) verb_watch ;;
    sync-hosts) sync_hosts ;;
    receive-hosts) receive_hosts ;;
  esac
}
