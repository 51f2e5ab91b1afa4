# Looks, chooses, and makes the chosen toolchain in a folder of the cache.

pulumi_on_path() { command -v pulumi 2>/dev/null || true; }

# user_plugin: the official command plugin in the user's own PULUMI_HOME; it is only read.
user_plugin() {
  local plugin=${PULUMI_HOME:-$HOME/.pulumi}/plugins/resource-command-v$COMMAND_VERSION
  [[ ! -d $plugin ]] || printf '%s\n' "$plugin"
}

vendor_answers() {
  if timeout "$VENDOR_SECONDS" node "$here/vendor.js" answers 2>/dev/null; then printf 'yes\n'; else printf 'no\n'; fi
}

go_version() {
  if command -v go >/dev/null; then GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed 's/^go//'; fi
}

# ensure FOLDER: returns at once when it is there. Two at once: the second waits for the first.
ensure() {
  local folder=$1
  [[ ! -e $folder/complete ]] || return 0
  mkdir -p -- "$CACHE"
  exec 9>"$folder.lock"
  if ! flock -n 9; then
    printf 'another process makes the toolchain; waiting for it\n' >&2
    flock 9
  fi
  [[ -e $folder/complete ]] || provide "$folder"
  exec 9>&-
}

provide() {
  local folder=$1 making=$1.making pulumi version='' host=no plugin=no vendor choice
  rm -rf -- "$making"
  mkdir -p -- "$making/bin" "$making/home/plugins"
  pulumi=$(pulumi_on_path)
  if [[ -n $pulumi ]]; then
    version=$("$pulumi" version 2>/dev/null | sed 's/^v//') || version=
    if [[ -e $(dirname "$(readlink -f "$pulumi")")/pulumi-language-nodejs ]]; then host=yes; fi
    if [[ -n $(user_plugin) ]]; then plugin=yes; fi
  fi
  vendor=$(vendor_answers)
  choice=$(choose "${XCAT_HA_TOOLCHAIN:-}" "$version" "$host" "$plugin" "$vendor" "$(go_version)")
  printf 'toolchain: %s\n' "$(head -n 1 <<<"$choice")" >&2
  case $choice in
    path) provide_path "$making" "$pulumi" ;;
    vendor) provide_vendor "$making" ;;
    built) provide_built "$making" ;;
    *)
      printf 'error: no pulumi to be had; expected one of three\nevidence: %s\nnext: install the vendor'\''s Pulumi CLI %s or newer, or let this machine reach the vendor'\''s download, or install Go %s or newer\n' \
        "$(tail -n +2 <<<"$choice" | paste -sd';')" "$OLDEST_PULUMI" "$OLDEST_GO" >&2
      exit 1
      ;;
  esac
  printf '%s\n' "$choice" >"$making/complete"
  rm -rf -- "$folder"
  mv -T -- "$making" "$folder"
}

# The CLI of the user with its siblings, and its plugin or one that the vendor gives us: our own PULUMI_HOME, never the user's.
provide_path() {
  local sibling
  for sibling in "$(dirname "$(readlink -f "$2")")"/pulumi*; do ln -s -- "$sibling" "$1/bin/$(basename "$sibling")"; done
  if [[ -n $(user_plugin) ]]; then
    ln -s -- "$(user_plugin)" "$1/home/plugins/resource-command-v$COMMAND_VERSION"
  else
    install_official_plugin "$1"
  fi
}

provide_vendor() {
  stage "pulumi $PULUMI_VERSION from the vendor"
  node "$here/vendor.js" install "$PULUMI_VERSION" "$1" >"$1/log" 2>&1 || give_up "the vendor's installer failed" "$1/log"
  stage_done
  install_official_plugin "$1"
}

install_official_plugin() {
  stage "plugin command $COMMAND_VERSION from the vendor"
  PULUMI_HOME=$1/home "$1/bin/pulumi" plugin install resource command "$COMMAND_VERSION" >"$1/log" 2>&1 || give_up "pulumi plugin install failed" "$1/log"
  stage_done
}

# The published Go modules. go.sum pins every one; nothing of this machine's paths or git state goes in.
provide_built() {
  local to=$1 sdk module=github.com/pulumi/pulumi
  export GOFLAGS='-mod=readonly -trimpath -buildvcs=false' GOTOOLCHAIN=local CGO_ENABLED=0
  stage "pulumi $PULUMI_VERSION from its Go module (some minutes when nothing is cached)"
  (
    cd -- "$here/command-plugin"
    go build -o "$to/bin/pulumi" -ldflags "-s -w -X $module/sdk/v3/go/common/version.Version=$PULUMI_VERSION" "$module/pkg/v3/cmd/pulumi"
  ) >"$to/log" 2>&1 || give_up "go build of pulumi failed" "$to/log"
  stage_done
  stage "our plugin for command:remote:Command"
  (cd -- "$here/command-plugin" && go build -ldflags '-s -w' -o "$to/pulumi-resource-command" .) >"$to/log" 2>&1 || give_up "go build of the command plugin failed" "$to/log"
  stage_done
  stage "the language host for Node.js"
  (cd -- "$here/language-host" && go build -ldflags '-s -w' -o "$to/bin/pulumi-language-nodejs" "$module/sdk/v3/nodejs/cmd/pulumi-language-nodejs") >"$to/log" 2>&1 ||
    give_up "go build of the language host failed" "$to/log"
  # Dynamic resources run through this script, which must lie beside pulumi.
  sdk=$(cd -- "$here/command-plugin" && go list -m -f '{{.Dir}}' "$module/sdk/v3")
  install -m 0755 "$sdk/nodejs/dist/pulumi-resource-pulumi-nodejs" "$to/bin/"
  stage_done
  PULUMI_HOME=$to/home PULUMI_SKIP_UPDATE_CHECK=true "$to/bin/pulumi" plugin install resource command "$COMMAND_VERSION" --file "$to/pulumi-resource-command" >"$to/log" 2>&1 ||
    give_up "pulumi plugin install --file failed" "$to/log"
  rm -f -- "$to/pulumi-resource-command"
}

give_up() { # WHAT LOG
  stage_stop
  printf 'error: %s\nevidence: %s\nnext: read %s; run the same command again\n' "$1" "$(tail -n 3 "$2" | tr '\n' ' ' | cut -c1-500)" "$2" >&2
  exit 1
}

# status FOLDER: what it is and from where.
status() {
  local from
  from=$(<"$1/complete")
  case $from in
    path) from="the pulumi on PATH ($(readlink -f "$1/bin/pulumi"))" ;;
    vendor) from="the vendor's installer" ;;
    built) from="built here from the Go modules" ;;
  esac
  {
    printf 'part\tversion\tfrom\n'
    printf 'pulumi\t%s\t%s\n' "$(PULUMI_SKIP_UPDATE_CHECK=true PULUMI_HOME=$1/home "$1/bin/pulumi" version | sed 's/^v//')" "$from"
    printf 'pulumi-language-nodejs\t%s\t%s\n' "$([[ $from != built* ]] && echo "as the CLI" || echo 3.68.0)" "$from"
    printf 'plugin command\t%s\t%s\n' "$COMMAND_VERSION" "$([[ $from != built* ]] && echo "the official one" || echo "ours, toolchain/command-plugin")"
    printf 'folder\t\t%s\n' "$1"
  } | column -t -s $'\t'
}
