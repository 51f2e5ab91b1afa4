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
    apply)
      load_settings
      apply_or_pass "${2:-}"
      ;;
    remove | become)
      load_settings
      run "$1" "${2:-}"
      ;;
    release)
      load_settings
      run become standby </dev/null
      ;;
    resume)
      load_settings
      resume_at_console
      ;;
    work)
      load_settings
      work "$2"
      ;;
    guard)
      load_settings
      guard "${2:-this unit}"
      ;;
    takeover)
      load_settings
      takeover_at_console "${2:-}" "${3:-}" "${4:-}"
      ;;
    freeze)
      load_settings
      freeze "${2:-}" "${3:-}"
      ;;
    thaw)
      load_settings
      thaw
      ;;
    plan)
      ORIGIN=console
      load_settings
      verb_plan "${2:-active}"
      ;;
    status)
      load_settings
      verb_status
      ;;
    role)
      load_settings
      verb_role
      ;;
    verify)
      ORIGIN=console
      load_settings
      verb_verify
      ;;
    beat)
      install -d -m 0700 "$RUN"
      load_settings
      verb_beat
      ;;
    watch)
      install -d -m 0700 "$RUN"
      load_settings
      verb_watch
      ;;
    notify)
      # Of an event everything is told: a description that cannot be read may be what it is about.
      if [[ -n ${4:-} ]]; then NODE=$4; else load_settings; fi
      notify_send "${2:-}" "${3:-}"
      ;;
    sync-hosts)
      load_settings
      sync_hosts
      ;;
    receive-hosts)
      load_settings
      receive_hosts
      ;;
    bootstrap)
      document_receive WANT bootstrap
      staticAddress_try
      ;;
    address-back)
      address_drop "$2" "$3"
      ;;
    *)
      usage
      [[ ${1:-help} == help ]] || exit "${EXIT[usage]}"
      ;;
  esac
}
