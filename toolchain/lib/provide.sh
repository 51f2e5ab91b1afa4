# Looks, chooses, and makes the chosen toolchain in a folder of the cache.

# pulumi_on_path: the user's own; inside `toolchain exec` the first one on PATH is ours, which proves nothing.
pulumi_on_path() {
  local found
  while read -r found; do
    [[ $found != "$CACHE"/* ]] || continue
    printf '%s\n' "$found"
    return
  done < <(type -aP pulumi)
}

# user_plugin: the official command plugin in the user's own PULUMI_HOME, where it is whole; it is only read.
user_plugin() {
  local home=${PULUMI_HOME:-$HOME/.pulumi}
  [[ $home != "$CACHE"/* ]] || home=$HOME/.pulumi
  local plugin=$home/plugins/resource-command-v$COMMAND_VERSION
  # The CLI leaves .partial beside a plugin whose installation did not end.
  if [[ -x $plugin/pulumi-resource-command && ! -e $plugin.partial ]]; then printf '%s\n' "$plugin"; fi
}

# path_identity: what PATH offers, without running it.
path_identity() {
  local pulumi plugin
  pulumi=$(pulumi_on_path)
  [[ -z $pulumi ]] || stat -L -c '%n %s %.9Y' -- "$(readlink -f -- "$pulumi")"
  plugin=$(user_plugin)
  [[ -z $plugin ]] || stat -L -c '%n %s %.9Y' -- "$plugin/pulumi-resource-command"
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
    stage "another process makes the toolchain; waiting for it"
    flock 9
    stage_done
  fi
  [[ -e $folder/complete ]] || provide "$folder"
  exec 9>&-
}

provide() {
  local folder=$1 making=$1.making pulumi version='' host=no plugin=no go choice
  need_node
  rm -rf -- "$making"
  mkdir -p -- "$making/bin" "$making/home/plugins"
  pulumi=$(pulumi_on_path)
  if [[ -n $pulumi ]]; then
    version=$("$pulumi" version 2>/dev/null | sed 's/^v//') || version=
    if [[ -e $(dirname "$(readlink -f "$pulumi")")/pulumi-language-nodejs ]]; then host=yes; fi
    if [[ -n $(user_plugin) ]]; then plugin=yes; fi
  fi
  go=$(go_version)
  choice=$(choose "${XCAT_HA_TOOLCHAIN:-}" "$version" "$host" "$plugin" no "$go")
  # The vendor is asked only where the answer counts.
  if [[ $choice != path && ${XCAT_HA_TOOLCHAIN:-} != built ]]; then
    choice=$(choose "${XCAT_HA_TOOLCHAIN:-}" "$version" "$host" "$plugin" "$(vendor_answers)" "$go")
  fi
  printf 'toolchain: %s\n' "$(head -n 1 <<<"$choice")" >&2
  case $choice in
    path) provide_path "$making" "$pulumi" ;;
    vendor) provide_vendor "$making" ;;
    built) provide_built "$making" ;;
    *)
      {
        printf 'error: no pulumi to be had; expected one of three\nevidence: %s\n' \
          "$(tail -n +2 <<<"$choice" | paste -sd';')"
        printf "next: install the vendor's Pulumi CLI %s or newer, or let this machine reach the vendor's download, " \
          "$OLDEST_PULUMI"
        printf 'or install Go %s or newer\n' "$OLDEST_GO"
      } >&2
      exit 1
      ;;
  esac
  require_plugin "$making"
  without_logs "$making/home"
  printf '%s\n' "$choice" >"$making/complete"
  rm -rf -- "$folder"
  mv -T -- "$making" "$folder"
}

need_node() {
  local seen
  seen=$(node --version 2>/dev/null) || seen=none
  if [[ $seen == none ]] || ! at_least "${seen#v}" "$OLDEST_NODE"; then
    printf 'error: node is %s; expected %s or newer\nnext: install Node.js %s or newer\n' "$seen" "$OLDEST_NODE" \
      "${OLDEST_NODE%%.*}" >&2
    exit 1
  fi
}

# The CLI of the user with its siblings, and its plugin or one that the vendor gives us: our own PULUMI_HOME, never the
# user's.
provide_path() {
  local sibling
  for sibling in "$(dirname "$(readlink -f "$2")")"/pulumi*; do
    ln -s -- "$sibling" "$1/bin/$(basename "$sibling")"
  done
  if [[ -n $(user_plugin) ]]; then
    # A copy: the CLI passes over a plugin's folder that is a link.
    cp -RL -- "$(user_plugin)" "$1/home/plugins/resource-command-v$COMMAND_VERSION"
  else
    install_official_plugin "$1"
  fi
}

provide_vendor() {
  "$here/npm-packages"
  stage "pulumi $PULUMI_VERSION from the vendor"
  node "$here/vendor.js" install "$PULUMI_VERSION" "$1" >"$1/log" 2>&1 ||
    give_up "the vendor's installer failed" "$1/log" \
      "XCAT_HA_TOOLCHAIN=built toolchain/toolchain install, which builds it with Go"
  stage_done
  install_official_plugin "$1"
}

install_official_plugin() {
  stage "plugin command $COMMAND_VERSION from the vendor"
  PULUMI_HOME=$1/home "$1/bin/pulumi" plugin install resource command "$COMMAND_VERSION" >"$1/log" 2>&1 ||
    give_up "pulumi plugin install failed" "$1/log" \
      "XCAT_HA_TOOLCHAIN=built toolchain/toolchain install, which builds one with Go"
  stage_done
}

# The published Go modules. go.sum pins every one; nothing of this machine's paths or git state goes in.
provide_built() {
  local to=$1 sdk module=github.com/pulumi/pulumi
  export GOFLAGS='-mod=readonly -trimpath -buildvcs=false' GOTOOLCHAIN=local CGO_ENABLED=0
  stage "pulumi $PULUMI_VERSION from its Go module (some minutes when nothing is cached)"
  (
    cd -- "$here/command-plugin"
    go build -o "$to/bin/pulumi" -ldflags "-s -w -X $module/sdk/v3/go/common/version.Version=$PULUMI_VERSION" \
      "$module/pkg/v3/cmd/pulumi"
  ) >"$to/log" 2>&1 || give_up "go build of pulumi failed" "$to/log"
  stage_done
  stage "our plugin for command:remote:Command"
  (cd -- "$here/command-plugin" && go build -ldflags '-s -w' -o "$to/pulumi-resource-command" .) >"$to/log" 2>&1 ||
    give_up "go build of the command plugin failed" "$to/log"
  stage_done
  stage "the language host for Node.js"
  (cd -- "$here/language-host" && go build -ldflags '-s -w' -o "$to/bin/pulumi-language-nodejs" \
    "$module/sdk/v3/nodejs/cmd/pulumi-language-nodejs") >"$to/log" 2>&1 ||
    give_up "go build of the language host failed" "$to/log"
  # Dynamic resources run through this script, which must lie beside pulumi.
  sdk=$(cd -- "$here/command-plugin" && go list -m -f '{{.Dir}}' "$module/sdk/v3")
  install -m 0755 "$sdk/nodejs/dist/pulumi-resource-pulumi-nodejs" "$to/bin/"
  stage_done
  PULUMI_HOME=$to/home PULUMI_SKIP_UPDATE_CHECK=true "$to/bin/pulumi" plugin install resource command \
    "$COMMAND_VERSION" --file "$to/pulumi-resource-command" >"$to/log" 2>&1 ||
    give_up "pulumi plugin install --file failed" "$to/log"
  rm -f -- "$to/pulumi-resource-command"
}

# require_plugin FOLDER: what was made is good only when its own CLI finds the plugin in it.
require_plugin() {
  local ls="PULUMI_HOME=$1/home $1/bin/pulumi plugin ls"
  PULUMI_HOME=$1/home PULUMI_SKIP_UPDATE_CHECK=true "$1/bin/pulumi" plugin ls --json >"$1/plugins.json" 2>"$1/log" ||
    give_up "pulumi plugin ls failed" "$1/log" "$ls"
  node -e '
    const [file, version] = process.argv.slice(1);
    const plugins = JSON.parse(require("node:fs").readFileSync(file, "utf8"));
    const command = plugins.filter(({ kind, name }) => kind === "resource" && name === "command");
    const found = command.map((plugin) => plugin.version);
    console.error(`found: ${found.join(", ") || "none"}`);
    process.exit(found.includes(version) ? 0 : 1);
  ' "$1/plugins.json" "$COMMAND_VERSION" 2>"$1/log" ||
    give_up "the CLI does not find the plugin command $COMMAND_VERSION in $1/home/plugins" "$1/log" \
      "$ls -v 11 --logtostderr says what it passes over"
  rm -f -- "$1/plugins.json"
}

# without_logs PULUMI_HOME: the CLI writes a debug log of each operation there, whoever asks for one or not: 5 MB and a
# second of CPU. No setting ends that; where the folder cannot be made it does without.
without_logs() {
  rm -rf -- "$1/logs"
  : >"$1/logs"
}

give_up() { # WHAT LOG [NEXT]
  stage_stop
  printf 'error: %s\nevidence: %s\nnext: read %s; %s\n' "$1" "$(tail -n 3 "$2" | tr '\n' ' ' | cut -c1-500)" "$2" \
    "${3:-run the same command again}" >&2
  exit 1
}

# status FOLDER: each part, its version, where it lies and where it is from.
status() {
  local choice pulumi plugin from cli host
  choice=$(<"$1/complete")
  pulumi=$(readlink -f -- "$1/bin/pulumi")
  plugin=$(readlink -f -- "$1/home/plugins/resource-command-v$COMMAND_VERSION")
  cli=$(PULUMI_SKIP_UPDATE_CHECK=true PULUMI_HOME=$1/home "$pulumi" version | sed 's/^v//')
  host=$cli
  case $choice in
    path) from=PATH ;;
    vendor) from="the vendor" ;;
    built) from="built here" host=$LANGUAGE_HOST_VERSION ;;
  esac
  {
    printf 'part\tversion\tfrom\tpath\n'
    printf '%s\t%s\t%s\t%s\n' pulumi "$cli" "$from" "$pulumi" pulumi-language-nodejs "$host" "$from" \
      "${pulumi%/*}/pulumi-language-nodejs" pulumi-resource-pulumi-nodejs "$cli" "$from" \
      "${pulumi%/*}/pulumi-resource-pulumi-nodejs" pulumi-resource-command "$COMMAND_VERSION" \
      "$([[ $choice == built ]] && echo 'built here (ours)' || echo 'the vendor')" "$plugin"
    printf 'PULUMI_HOME\t\t\t%s\n' "$1/home"
  } | column -t -s $'\t'
}
