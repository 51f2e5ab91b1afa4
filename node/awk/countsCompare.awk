# Of counts_compare in node/lib/counts.sh, which says what it reads and prints.
function row(result, check, text) { printf "%s\t%s\t%s\n", result, check, text }
function nodes_are(count, one, many) { return count (count == 1 ? " node " one : " nodes " many) }
# Of a list that begins with a blank: the first five, and how many more there are.
function names(list,   word, n, i, text) {
  n = split(list, word, " ")
  for (i = 1; i <= n && i <= 5; i++) text = text (i > 1 ? ", " : "") word[i]
  return text (n > 5 ? " and " n - 5 " more" : "")
}
function judge(kind, check, thing,
    i, name, count, lost, losts, silent, silents, fresh, freshs, old, olds, said, again, mac) {
  again = "then xcat-ha verify on " node
  mac = kind == "dhcp" ? " and a MAC" : ""
  if (!(kind in told)) {
    for (i = 1; i <= nodes; i++) keep[i, kind] = before[all[i], kind]
    if (kind in untold) row("warning", check,
      "whether as many nodes have " thing " as before cannot be told: " untold[kind] ". When it answers, " again)
    return
  }
  for (i = 1; i <= nodes; i++) {
    name = all[i]
    if (has[name, kind]) { count++; keep[i, kind] = 1 }
    else if (kind == "dns" && !has[name, "nodns"]) {
      silents++; silent = silent " " name; keep[i, kind] = before[name, kind]
    }
    else if (before[name, kind]) { losts++; lost = lost " " name; keep[i, kind] = 1 }
    else if (has[name, "address"] && (kind == "dns" || has[name, "mac"])) {
      if (name in was) { olds++; old = old " " name } else { freshs++; fresh = fresh " " name }
    }
  }
  said = "of " nodes_are(nodes, "", "") (count + 0) (count == 1 ? " has " : " have ") thing
  if (losts) row("failed", check,
    said "; " nodes_are(losts, "has", "have") " lost it since the record of before: " names(lost) \
    ". Look for their addresses in " hosts ", " former " and " files " on " node ", put them into " hosts \
    " (makehosts brings what the tables have), makedns, makedhcp -a, " again \
    ". Where that is as it should be: rm " files "/*.counts")
  if (silents) row("warning", check,
    "whether it still has them cannot be told of " nodes_are(silents, "", "") names(silent) \
    ": no answer. When it answers, " again)
  if (freshs) row("warning", check,
    said "; " nodes_are(freshs, "with an address" mac " has", "with an address" mac " have") " none: " names(fresh) \
    ". makedns and makedhcp -a on " node ", and read what they say")
  if ("before" in untold) row("warning", check,
    said "; whether it were more before the failover cannot be told: " untold["before"] \
    ". Look at " files " on " node " (rm " files "/*.counts begins anew), " again)
  else if (!losts && !silents && !freshs) row("ok", check,
    said (first ? ", which is the first record" : ", none lost") \
    (olds ? "; " nodes_are(olds, "has", "have") " had none before: " names(old) : ""))
}
$1 == "told" { told[$2] = 1 }
$1 == "untold" { what = $2; sub(/^untold [^ ]* /, ""); untold[what] = $0 }
$1 == "first" { first = 1 }
$1 == "node" { all[++nodes] = $2 }
$1 ~ /^(address|mac|dns|nodns|dhcp)$/ { has[$2, $1] = 1 }
$1 == "before" { was[$2] = 1; for (i = 3; i <= NF; i++) before[$2, $i] = 1 }
END {
  if (!("nodes" in told)) {
    row("warning", "DNS, DHCP",
      "whether they have as many nodes as before cannot be told: " untold["nodes"] \
      ". When it answers, xcat-ha verify on " node)
    exit
  }
  if (!nodes) row("ok", "DNS, DHCP", "xCAT has no nodes")
  else {
    judge("dns", "DNS", "a name at " vip)
    judge("dhcp", "DHCP", "a reservation")
  }
  if ("before" in untold) exit
  print "keep nodes " nodes + 0
  for (i = 1; i <= nodes; i++) print "keep " all[i] (keep[i, "dns"] ? " dns" : "") (keep[i, "dhcp"] ? " dhcp" : "")
}
