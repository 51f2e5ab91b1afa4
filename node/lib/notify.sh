# What the site is told, by a command of its own, where nobody may be looking: an order that failed, a step down by
# itself, an owner that is silent, a takeover.
#
# An executable that only root may read, on each node, /etc/xcat-ha.notify
#   /etc/xcat-ha.notify EVENT NODE   reads on standard input what happened on NODE; ends within NOTIFY_SECONDS
#     refused       an order at the node was refused; nothing was touched
#     failed        an order at the node failed on its way
#     demoted       NODE stepped down by itself; step-down-blocked: not all of it is gone
#     takeover      NODE takes the epoch of a dead owner
#     owner-silent  NODE, the standby node, sees no life of the owner; owner-unknown: it cannot tell; owner-back: it
#                   does again
#     test          xcat-ha notify

NOTIFY=/etc/xcat-ha.notify
readonly NOTIFY_SECONDS=60

# site_command FILE: a command of the site: ok, absent, or why it is not run.
site_command() {
  local answer
  answer=$(LC_ALL=C stat -L -c '%u %a %F' -- "$1" 2>&1) || {
    # A link that leads nowhere is meant to lead somewhere.
    if [[ $answer == *': No such file or directory' && ! -L $1 ]]; then printf 'absent\n'; else one_line "$answer"; fi
    return 0
  }
  if [[ $answer == '0 '[57]'00 regular file' ]]; then
    printf 'ok\n'
  else
    printf "it is '%s' (owner, mode, kind), expected '0 700 regular file'\n" "$answer"
  fi
}

# notify EVENT TEXT: in a unit of its own: a mail that hangs holds nothing up. False where that could not be made, which
# is said, and ends nothing but what asks for it.
notify() {
  local state said file=''
  state=$(site_command "$NOTIFY")
  [[ $state != absent ]] || return 0
  said=$({
    install -d -m 0700 "$RUN" && file=$(mktemp "$RUN/notify.XXXXXX") && printf '%s\n' "$2" >"$file" &&
      within 5 systemd-run --quiet --collect --no-block --unit="xcat-ha-${file##*/}" \
        "$PROGRAM" notify "$1" "$file" "$NODE" </dev/null || {
      rm -f -- "$file" || true
      false
    }
  } 2>&1) || {
    say "nobody is told of this ($1): $(one_line "${said:-no answer of systemd-run within 5 s}")"
    return 1
  }
}

# notify_send [EVENT FILE]: what that unit runs; without them a test, for a person at the console.
notify_send() {
  local event=${1:-test} text="a test of $NOTIFY on $NODE, by xcat-ha notify" state said
  if [[ -n ${2:-} ]]; then
    text=$(cat -- "$2")
    rm -f -- "$2"
  fi
  state=$(site_command "$NOTIFY")
  case $state in
    ok) ;;
    absent)
      fail misconfigured "there is no $NOTIFY on $NODE; expected the site's own command, which tells a person" \
        "not told: $(one_line "$text")" "docs/failover.md, Notify, says what it must do"
      ;;
    *)
      fail misconfigured "$NOTIFY on $NODE is not run: $state" "not told: $(one_line "$text")" \
        "chown root $NOTIFY; chmod 0700 $NOTIFY; then xcat-ha notify"
      ;;
  esac
  said=$(within "$NOTIFY_SECONDS" "$NOTIFY" "$event" "$NODE" 2>&1 <<<"$text") ||
    fail incomplete "$NOTIFY $event $NODE failed; expected it to end with 0 within $NOTIFY_SECONDS s" \
      "$(one_line "${said:-no output}"); not told: $(one_line "$text")" "make it work, then xcat-ha notify"
  say "told: $event"
}

# notify_of_order ORDER CODE LOG: of one that ended so, in the journal too. Superseded by another one is no failure, and
# that one tells for itself.
notify_of_order() {
  local event=failed text
  case $2 in
    "${EXIT[done]}" | "${EXIT[superseded]}") return 0 ;;
    "${EXIT[refused]}" | "${EXIT[held]}" | "${EXIT[misconfigured]}" | "${EXIT[unknown]}" | "${EXIT[usage]}")
      event=refused
      ;;
  esac
  # The second one reads to the end: the first would die of a pipe that is closed.
  text=$(sed -n '/^error: /,$p' -- "$3" 2>/dev/null | sed -n 1,20p)
  text="$1 on $NODE ended with $2"$'\n'"${text:-$(last_lines "$3")}"
  say "$event: $text"
  notify "$event" "$text" || true
}

# siteCommands_observe: what the site made itself, and is needed in the night that counts.
siteCommands_observe() {
  local state
  siteCommands_fence
  siteCommands_software
  state=$(site_command "$NOTIFY")
  if [[ $state == @(ok|absent) ]]; then seen_as_told notify; else SEEN[notify]=$state; fi
}
