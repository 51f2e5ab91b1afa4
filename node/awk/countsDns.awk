# Of counts_dns in node/lib/counts.sh: the questions, a name and its node a line, and what dig printed of the answers.
FILENAME == ARGV[1] { node[tolower($1) " " $2] = $2; next }
match($0, /status: [A-Z]+/) { status = substr($0, RSTART + 8, RLENGTH - 8) }
{ name = tolower($1); sub(/^;/, "", name); sub(/\.$/, "", name) }
/^;[^;]/ && $2 == "IN" { answer[name] = status; status = "" }
/^[^;]/ && $3 == "IN" && ($4 == "A" || $4 == "AAAA" || $4 == "CNAME") { has[name] = 1 }
END {
  for (key in node) {
    split(key, word, " ")
    if (word[1] in has) yes[node[key]] = 1
    else if (answer[word[1]] !~ /^(NOERROR|NXDOMAIN|REFUSED)$/) silent[node[key]] = 1
    all[node[key]] = 1
  }
  for (name in all) {
    if (name in yes) print "dns", name
    else if (!(name in silent)) print "nodns", name
    if (name in yes || !(name in silent)) told = 1
  }
  exit !told
}
