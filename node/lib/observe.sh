# What was seen of a part. SEEN starts empty: what nobody has answered is neither there nor absent.

# function_of PART: `database` and `network` are two sets of one kind.
function_of() {
  case $1 in
    database | network) printf 'serviceSet\n' ;;
    *) printf '%s\n' "$1" ;;
  esac
}

# observe_part PART: into SEEN, which starts empty: what the part does not say of a wanted key cannot be told, and is not as wanted.
observe_part() {
  local key unanswered=''
  SEEN=()
  "$(function_of "$1")_observe"
  for key in "${!WANT[@]}"; do [[ -n ${SEEN[$key]+answered} ]] || unanswered+=" $key"; done
  [[ -z $unanswered ]] || fail unknown "$1 on $NODE does not say what these are:$unanswered; expected an answer for each that is wanted" \
    "seen: ${!SEEN[*]}" "run the same command again; if it stays, this is a defect of xcat-ha"
}

# seen_as_told KEY...: what only says how and where to look, and is nothing to look at itself.
seen_as_told() {
  local key
  for key in "$@"; do [[ -z ${WANT[$key]+told} ]] || SEEN[$key]=${WANT[$key]}; done
}

# wrong_keys: of what is wanted and was seen, a sentence for each that is not the same.
wrong_keys() {
  local key
  for key in "${!WANT[@]}"; do
    [[ ${SEEN[$key]} == "${WANT[$key]}" ]] || printf " %s is '%s', wanted '%s';" "$key" "${SEEN[$key]}" "${WANT[$key]}"
  done
}
