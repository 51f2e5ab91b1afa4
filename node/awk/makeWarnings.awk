# Of make_warnings in node/lib/services/start.sh.
function take(kind, name) {
  if (!(kind in count)) kinds[++n] = kind
  if (++count[kind] <= 5 && name != "") names[kind] = names[kind] (count[kind] > 1 ? ", " : "") name
}
# The text of an error can begin on the next line.
open { text = $0; open = 0 }
!open && /^(Warning|Error): / {
  text = $0; sub(/^[A-Za-z]+: (\[[^]]*\]: ?)?/, "", text)
  if (text == "") { open = 1; next }
}
/^Ignoring / { text = $0 }
text == "" || text ~ /^No dynamic range specified/ { text = ""; next }
{
  if (match(text, /of node [^ ]+ could not be resolved/)) {
    split(text, word, "of node "); split(word[2], word, " ")
    take("could not be resolved", word[1])
  } else if (match(text, /^Ignoring host [^ ]+, /)) {
    take(substr(text, RLENGTH + 1), substr(text, 15, RLENGTH - 16))
  } else take(text, "")
  text = ""
}
END {
  for (i = 1; i <= n && i <= 5; i++) {
    kind = kinds[i]
    more = count[kind] > 5 ? " and " count[kind] - 5 " more" : ""
    print substr((kind in names ? names[kind] more ": " : "") kind, 1, 400)
  }
  if (n > 5) print n - 5 " more warnings"
}
