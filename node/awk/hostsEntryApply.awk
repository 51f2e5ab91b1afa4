# Of hostsEntry_apply in node/parts/hostsEntry.sh, behind hostsEntry.awk.
NF && ($1 in wanted) {
  if ($1 in written) next
  written[$1] = 1
  if (holds(names_of(2), wanted[$1])) { print whole; next }
  extra = ""
  for (i = 2; i <= NF; i++) if (!(tolower($i) in owner)) extra = extra " " $i
  print $1 " " wanted[$1] extra tail
  next
}
NF && counts($1) {
  kept = ""; taken = 0
  for (i = 2; i <= NF; i++) if (tolower($i) in owner) taken = 1; else kept = kept " " $i
  if (!taken) { print whole; next }
  if (kept != "") print $1 kept tail
  else if (tail != "") { sub(/^[[:space:]]*/, "", tail); print tail }
  next
}
{ print whole }
END { for (i = 1; i <= count; i++) if (!(order[i] in written)) print order[i] " " wanted[order[i]] }
