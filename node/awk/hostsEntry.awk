# Of hosts_awk in node/parts/hostsEntry.sh: before the program that it is given.
BEGIN {
  count = split(lines, line, ";") - 1
  for (i = 1; i <= count; i++) {
    n = split(line[i], word, " ")
    order[i] = word[1]
    for (j = 2; j <= n; j++) {
      wanted[word[1]] = wanted[word[1]] (j > 2 ? " " : "") word[j]
      owner[tolower(word[j])] = word[1]
    }
  }
}
function comment_of(text) { return match(text, /[[:space:]]*#.*/) ? substr(text, RSTART) : "" }
# As an address of IPv4 the resolver answers with the IPv6 loopback and with one that is mapped, however they are
# written.
function counts(address) {
  return address !~ /:/ || tolower(address) ~ /^[0:]*:(0*1|ffff:[0-9.]+|ffff:[0-9a-f]+:[0-9a-f]+)$/
}
# holds(found, names): names stand at the front or among what is found, the first of them first.
function holds(found, names,   i, n, name, there) {
  n = split(found, name, " ")
  for (i = 1; i <= n; i++) there[name[i]] = 1
  n = split(names, name, " ")
  if (index(found " ", name[1] " ") != 1) return 0
  for (i = 1; i <= n; i++) if (!(name[i] in there)) return 0
  return 1
}
function names_of(from,   i, text) {
  text = ""
  for (i = from; i <= NF; i++) text = text (i > from ? " " : "") $i
  return text
}
# A carriage return, as an editor of Windows leaves it, is a blank to the resolver.
{ whole = $0; tail = comment_of($0); sub(/#.*/, ""); gsub(/[\r\f\v]/, " ") }
