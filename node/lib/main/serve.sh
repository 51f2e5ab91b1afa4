# The requests of an observing session.

# serve: requests of one observing session on standard input: "request ID VERB ARGUMENT LINES", then that many lines of
# a document. Each reply is one line: "reply", ID, EXIT, STDOUT and STDERR between tabs, both as values of a document.
serve() {
  local word id verb argument count lines document reply output error result
  # What the login printed before, as from .bashrc, may have no newline: a reply begins its line.
  echo
  # A request that fails must not end the session: each runs in a subshell of its own, with its own set -e.
  set +e
  while read -r word id verb argument count; do
    [[ $word == request ]] || continue
    document=
    if ((count != 0)); then
      mapfile -n "$count" lines
      printf -v document %s "${lines[@]}"
    fi
    if [[ $verb == settings ]]; then
      local -A settings=()
      document_read settings <<<"$document"
      use_settings settings
      # In a child: what cannot be told ends the request and not the session.
      output=
      error=$(resolve_units 2>&1 && declare -p UNIT COMPANIONS)
      result=$?
      if ((result == 0)); then
        eval "${error//declare -A/declare -gA}"
        error=
      fi
    else
      reply=$(
        {
          output=$(
            set -Eeuo pipefail
            WANT=()
            document_read WANT <<<"$document"
            "verb_$verb" "$argument" </dev/null
          )
          result=$?
        } 2>&1
        document_escape output
        printf '\n%s\t%s' "$result" "$output"
      )
      error=${reply%$'\n'*}
      IFS=$'\t' read -r result output <<<"${reply##*$'\n'}"
    fi
    document_escape error
    printf 'reply\t%s\t%s\t%s\t%s\n' "$id" "$result" "$output" "$error"
  done
}
