# xCAT's own commands.

readonly XCAT_SECONDS=60

# xcat SECONDS COMMAND...: an xCAT command with its own PATH, a limit and no standard input: it would swallow the
# caller's, and without the VIP it hangs for ever (docs/xcat-facts.md, Running a command).
xcat() {
  local limit=$1
  shift
  PATH=/opt/xcat/bin:/opt/xcat/sbin:/opt/xcat/share/xcat/tools:$PATH XCATROOT=/opt/xcat PERL_BADLANG=0 \
    within "$limit" "$@" </dev/null
}
