# ifupdown: what it says of its own configuration, by ifquery.

# ifquery_says ARGUMENT...: what ifupdown says of its configuration, in the order in which it is said: which stanza an
# option is of is on standard error. An interface that it does not know is an answer; what it could not read, or does
# not understand, is none.
ifquery_says() {
  local said result=0 line unfit='' unknown=''
  said=$(LC_ALL=C timeout -k 2 "$IFQUERY_SECONDS" stdbuf -oL ifquery "$@" 2>&1 </dev/null) || result=$?
  while IFS= read -r line; do
    case $line in
      'ifquery: unknown interface '* | *': no ifaces found matching given allow lists') unknown=yes ;;
      'ifquery: parsing file '* | 'ifquery: reading directory '*) ;;
      'ifquery: '[Qq]'uerying interface '* | 'ifquery: running mapping script '*) ;;
      'ifquery: '*': Is a directory' | 'ifquery: '*' not understood and ignored: '*) ;;
      'ifquery: '* | 'error: '* | 'warning: error '*) unfit=${unfit:-$line} ;;
    esac
  done <<<"$said"
  # The state of what is not up is no word and 1.
  [[ $1$said != --state ]] || unknown=yes
  [[ -z $unfit && ($result == 0 || ($result == 1 && -n $unknown)) ]] ||
    ifquery_unfit "ifquery $* ended with $result: ${unfit:-$(one_line "${said:-no answer within $IFQUERY_SECONDS s}")}"
  printf '%s\n' "$said"
}

ifquery_unfit() {
  fail unknown "what ifupdown configures at boot cannot be told on $NODE; expected ifquery to say it" "$1" \
    "ifquery --list and ifquery with the interface on $NODE; when they answer, run the same command again"
}

# ifupdown_says INTERFACE: a line each: `file` and a file that ifupdown read; `name` and how stanzas of it are called
# that come up at boot or when it is plugged in; `address` and ADDRESS/PREFIX; `up` and a command. Nothing where it
# leaves the interface alone. A function that needs it more than once has its answer in a local IFUPDOWN_SAID, for all
# that it calls: each question starts ifquery four times.
ifupdown_says() {
  if [[ -v IFUPDOWN_SAID ]]; then printf '%s\n' "$IFUPDOWN_SAID"; else ask_ifupdown "$1"; fi
}

ask_ifupdown() {
  local version said list hotplug names=() name kind more file word known=' '
  [[ -e $NETWORK_INTERFACES ]] || return 0
  if ! command -v ifquery >/dev/null; then
    command -v ifup >/dev/null || return 0
    ifquery_unfit "$NETWORK_INTERFACES and ifup are there, and no ifquery"
  fi
  version=$(ifquery_says --version) || exit
  case $version in
    *ifupdown2*) said=$(ifquery_says -v -a) || exit ;;
    'ifquery version '*)
      list=$(ifquery_says -v --list --allow auto) || exit
      hotplug=$(ifquery_says --list --allow hotplug) || exit
      said=$list
      while IFS= read -r name; do
        [[ ($name == "$1" || $name == "$1:"*) && $known != *" $name "* ]] || continue
        names+=("$name")
        known+="$name "
      done <<<"$list"$'\n'"$hotplug"
      # An alias that is not brought up by itself comes with a line `up ifup ALIAS`.
      [[ $known != *" $1 "* ]] || while IFS= read -r file; do
        [[ $file == 'ifquery: parsing file '* ]] || continue
        while read -r word name more; do
          [[ $word == iface && $name == "$1:"* && $known != *" $name "* ]] || continue
          names+=("$name")
          known+="$name "
        done <"${file#ifquery: parsing file }" || ifquery_unfit "${file#ifquery: parsing file } cannot be read"
      done <<<"ifquery: parsing file $NETWORK_INTERFACES"$'\n'"$list"
      for name in "${names[@]}"; do
        more=$(ifquery_says -v "$name") || exit
        if [[ $'\n'$more$'\n' == *$'\n'"ifquery: unknown interface $name"$'\n'* ]]; then
          # `auto eth0=home`: by which name it came up, its state says.
          kind=$(ifquery_says --state "$name") || exit
          [[ $kind == "$name="* ]] || ifquery_unfit "ifquery --list has $name, and ifquery $name does not know it"
          more=$(ifquery_says -v "$kind") || exit
        fi
        said+=$'\n'$more
      done
      ;;
    *) ifquery_unfit "ifquery --version: $(one_line "$version")" ;;
  esac
  awk -v interface="$1" -v first="$NETWORK_INTERFACES" "$PREFIX_AWK$IFQUERY_AWK" <<<"$said"
}

# said_of WHAT SAID: of ifupdown_says' lines those of one kind.
said_of() { sed -n "s/^$1 //p" <<<"$2"; }

# ifupdown_names INTERFACE SAID: how its stanzas are called, between bars.
ifupdown_names() {
  local names
  names=$(said_of name "$2") || return
  one_line "${names:-$1}" '|' | tr -d ' '
}

# ifupdown_stanzas INTERFACE SAID PATTERN: the files that have a stanza of it that goes on like that.
ifupdown_stanzas() {
  local names listed files
  names=$(ifupdown_names "$1" "$2") || return
  listed=$(said_of file "$2") || return
  mapfile -t files <<<"$listed"
  files_with "$1" "^[[:space:]]*iface[[:space:]]+(${names//./\\.})$3" "${files[@]}"
}

ifupdown_owner() {
  local said file
  said=$(ifupdown_says "$1") || exit
  [[ $'\n'$said == *$'\n'"name "* ]] || return 0
  file=$(ifupdown_stanzas "$1" "$said" '([[:space:]]|$)') || exit
  if [[ $'\n'$said != *$'\n'"address "* ]]; then
    # Of the method it says nothing: `manual` leaves it to others.
    file=$(ifupdown_stanzas "$1" "$said" '([[:space:]]+inet)?([[:space:]]+(static|dhcp|inherits)|[[:space:]]*$)') ||
      exit
    [[ -n $file ]] || return 0
  fi
  file=${file%%$'\n'*}
  printf 'ifupdown %s\n' "${file:-$NETWORK_INTERFACES}"
}

# ifupdown_idle INTERFACE: the file that has a stanza for it, where ifupdown does not bring it up.
ifupdown_idle() {
  local said files
  command -v ifquery >/dev/null || return 0
  said=$(ifupdown_says "$1") || exit
  [[ $'\n'$said == *$'\n'"file "* && $'\n'$said != *$'\n'"name "* ]] || return 0
  files=$(ifupdown_stanzas "$1" "$said" '[[:space:]]+inet[[:space:]]+(static|dhcp)') || exit
  printf '%s' "${files%%$'\n'*}"
}

# A mapping is a script of the site.
IFQUERY_SECONDS=10
