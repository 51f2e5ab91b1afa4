# What was seen of a part. SEEN starts empty: what nobody has answered is neither there nor absent.

# By PART, where its functions have another name than it; the settings say so.
declare -gA FUNCTIONS=()

# function_of PART VERB: what does it, into REPLY.
function_of() { REPLY=${FUNCTIONS[${1:-none}]:-$1}_$2; }

# observe_part PART: into SEEN, which starts empty: what the part does not say of a wanted key cannot be told, and is
# not as wanted.
observe_part() {
  local key unanswered='' REPLY
  SEEN=()
  function_of "$1" observe
  "$REPLY"
  for key in "${!WANT[@]}"; do [[ -n ${SEEN[$key]+answered} ]] || unanswered+=" $key"; done
  [[ -z $unanswered ]] ||
    fail unknown "$1 on $NODE does not say what these are:$unanswered; expected an answer for each that is wanted" \
      "seen: ${!SEEN[*]}" "run the same command again; if it stays, this is a defect of xcat-ha"
}

# seen_as_told KEY...: what only says how and where to look, and is nothing to look at itself.
seen_as_told() {
  local key
  for key in "$@"; do [[ -z ${WANT[$key]+told} ]] || SEEN[$key]=${WANT[$key]}; done
}

# wrong_keys: fills WRONG: of what is wanted and was seen, a sentence for each that is not the same.
wrong_keys() {
  local key
  WRONG=()
  for key in "${!WANT[@]}"; do
    [[ ${SEEN[$key]} == "${WANT[$key]}" ]] || WRONG+=("$key is '${SEEN[$key]}', wanted '${WANT[$key]}'")
  done
}

# part_look PART: is it as WANT says? Fills LOOK: same; differs, with the sentences in WRONG; or unknown, with the
# reason in LOOK_WHY. In a child: what cannot be observed ends it, and not the caller. No condition around what calls
# this: x=$(f) || y takes set -e away from all that f calls, and half a look is no answer.
part_look() {
  local looked=()
  LOOK=unknown LOOK_WHY='' WRONG=()
  mapfile -d '' -t looked < <(
    set -e
    observe_part "$1" 2>&1
    printf '\0'
    wrong_keys
    printf '%s\0' "${WRONG[@]}" told
  )
  # What it said, the sentences, and the word that it came to its end.
  if ((${#looked[@]} > 1)) && [[ ${looked[-1]} == told ]]; then
    WRONG=("${looked[@]:1:${#looked[@]}-2}")
    if ((${#WRONG[@]})); then LOOK=differs; else LOOK=same; fi
  else
    LOOK_WHY=${looked[0]:-it said nothing}
    LOOK_WHY=${LOOK_WHY#error: }
    LOOK_WHY=${LOOK_WHY%%$'\n'*}
    LOOK_WHY=${LOOK_WHY//$'\t'/ }
  fi
}
