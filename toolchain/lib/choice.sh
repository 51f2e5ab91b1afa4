# Which of the three ways: pure functions over what was seen.

# at_least VERSION OLDEST: 3.259.0 3.227.0
at_least() { [[ $(printf '%s\n%s\n' "$2" "${1%%-*}" | sort -V | head -n 1) == "$2" ]]; }

# choose FORCED PATH_VERSION PATH_HOST PATH_PLUGIN VENDOR GO_VERSION: prints path, vendor or built, or "none" and why on
# further lines.
#   FORCED        path | vendor | built: by XCAT_HA_TOOLCHAIN; or empty
#   PATH_VERSION  version of the pulumi on PATH, or empty
#   PATH_HOST     yes when it has its own pulumi-language-nodejs
#   PATH_PLUGIN   yes when the official command plugin is installed for it
#   VENDOR        yes when the vendor answers
#   GO_VERSION    version of go, or empty
choose() {
  local forced=$1 version=$2 host=$3 plugin=$4 vendor=$5 go=$6 reasons=()
  if [[ -z $forced || $forced == path ]]; then
    if [[ -z $version ]]; then
      reasons+=("no pulumi on PATH")
    elif ! at_least "$version" "$OLDEST_PULUMI"; then
      reasons+=("the pulumi on PATH is $version; expected $OLDEST_PULUMI or newer")
    elif [[ $host != yes ]]; then
      reasons+=("the pulumi on PATH has no pulumi-language-nodejs beside it")
    elif [[ $plugin != yes && $vendor != yes ]]; then
      reasons+=("the pulumi on PATH has no plugin command $COMMAND_VERSION, and the vendor does not answer")
    else
      printf 'path\n'
      return
    fi
  fi
  if [[ -z $forced || $forced == vendor ]]; then
    if [[ $vendor == yes ]]; then
      printf 'vendor\n'
      return
    fi
    reasons+=("the vendor's download does not answer within $VENDOR_SECONDS s")
  fi
  if [[ -z $forced || $forced == built ]]; then
    if [[ -z $go ]]; then
      reasons+=("there is no go")
    elif ! at_least "$go" "$OLDEST_GO"; then
      reasons+=("go is $go; expected $OLDEST_GO or newer")
    else
      printf 'built\n'
      return
    fi
  fi
  printf 'none\n'
  printf '%s\n' "${reasons[@]}"
}
