# What the program knows of its node: the description, in variables.

declare -A WANT=() BEFORE=() SEEN=() FACT=() LEASE=()
NODE=$(hostname) VIP='' STATIC_ADDRESS='' INTERFACE='' PEER='' PEER_ADDRESS='' PEER_PORT=22 SHARE='' LEASE_WAIT=0 \
DIRECTORIES='' HOST_NAMES='' ROLE=''
UNITS=() SERVICES=() MANIFEST=()

# use_settings ARRAY: the node's description, its settings.
use_settings() {
  local part functions
  local -n settings_from=$1
  NODE=${settings_from[settings.node]}
  PEER=${settings_from[settings.peer]}
  PEER_ADDRESS=${settings_from[settings.peerAddress]}
  PEER_PORT=${settings_from[settings.peerPort]}
  VIP=${settings_from[settings.virtualIp]}
  STATIC_ADDRESS=${settings_from[settings.staticAddress]}
  INTERFACE=${settings_from[settings.interface]}
  SHARE=${settings_from[settings.share]}
  LEASE_WAIT=${settings_from[settings.leaseWait]}
  DIRECTORIES=${settings_from[settings.directories]}
  HOST_NAMES=${settings_from[settings.hostNames]}
  read -ra UNITS <<<"${settings_from[settings.units]}"
  read -ra SERVICES <<<"${settings_from[settings.services]}"
  mapfile -t MANIFEST <<<"${settings_from[settings.manifest]}"
  FUNCTIONS=()
  while read -r part functions; do
    [[ -z $part ]] || FUNCTIONS[$part]=$functions
  done <<<"${settings_from[settings.functions]:-}"
}

# The description of this node: every part's values for both roles, and the settings.
declare -gA DESCRIPTION=()

load_settings() {
  [[ -r $CONFIGURATION/description ]] ||
    fail misconfigured "$CONFIGURATION/description is not there; expected the description of this node" \
      "digest: $(digest "$CONFIGURATION/description")" "pulumi up on the stack of $NODE delivers it"
  DESCRIPTION=()
  document_load DESCRIPTION "$CONFIGURATION/description" ||
    fail misconfigured \
      "$CONFIGURATION/description is no document of this program; expected the description of this node" \
      "digest: $(digest "$CONFIGURATION/description")" "pulumi up on the stack of $NODE delivers it"
  [[ ${DESCRIPTION[settings.format]:-1} == "$FORMAT" ]] ||
    fail misconfigured \
      "$CONFIGURATION/description is written in format ${DESCRIPTION[settings.format]}, which this xcat-ha does not \
understand; expected $FORMAT" \
      "digest: $(digest "$CONFIGURATION/description")" "pulumi up on the stack of $NODE delivers both anew"
  use_settings DESCRIPTION
  resolve_units
}

# load_values ROLE PART: fills WANT from the description.
load_values() {
  local key
  WANT=()
  for key in "${!DESCRIPTION[@]}"; do
    [[ $key != "$1.$2."* ]] || WANT[${key#"$1.$2."}]=${DESCRIPTION[$key]}
  done
  ((${#WANT[@]})) ||
    fail misconfigured "the description of $NODE has no values of $2 for the role $1; expected them" \
      "$CONFIGURATION/description" "pulumi up on the stack of $NODE delivers it"
}
