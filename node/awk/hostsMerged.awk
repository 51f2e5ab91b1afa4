# Of hosts_merged in node/lib/hostsFile.sh.
function is_loopback(address) { return tolower(address) ~ /^(127\.|::1$|fe00:|ff0[02]:)/ }
function has_host(text,   word, n, i) {
  sub(/#.*/, "", text)
  n = split(text, word, " ")
  for (i = 2; i <= n; i++) if (tolower(word[i]) == tolower(host)) return 1
  return 0
}
BEGIN {
  while ((result = (getline text < own)) > 0) {
    split(text, word, " ")
    if (is_loopback(word[1])) loopback[++count] = text
    else if (address == "" && has_host(text)) { address = word[1]; line = text }
  }
}
is_loopback($1) { if (used < count) all[++n] = loopback[++used]; next }
{ all[++n] = $0; if (has_host($0)) address = "" }
END {
  if (result < 0) exit 1
  for (i = 1; i <= n; i++) {
    split(all[i], word, " ")
    if (address != "" && word[1] == address) { print line; address = "" } else print all[i]
  }
  if (address != "") print line
  while (used < count) print loopback[++used]
}
