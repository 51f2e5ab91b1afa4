# What ifquery says, ifupdown's (an option a line, its stanza before it) or ifupdown2's (stanzas), as lines of
# ifupdown_says. An address that ifupdown uses has a broadcast, which it adds itself; the one of a stanza `manual` has
# none.
function flush() {
  if (address != "" && (broadcast || stanzas)) {
    print "address " (lines ? address " in one stanza" : with_prefix(address, stanzas && mask == "" ? 32 : "", mask))
  }
  address = mask = key = ""; broadcast = lines = 0
}
function option(name, value) {
  key = name
  if (name ~ /^(pre-up|up|post-up)$/) print "up " value
  else if (name == "netmask") mask = value
  else if (name == "broadcast") broadcast = 1
  else if (name == "address" && family) { if (stanzas) flush(); address = value }
}
BEGIN { file(first) }
function file(name) { if (!read[name]++) print "file " name }
sub(/^(ifquery: parsing|info: processing interfaces) file /, "") { file($0); next }
/^ifquery: [Qq]uerying interface / {
  flush(); inside = 1; family = $5 == "(inet)"
  name = $4; sub(/^[^=]*=/, "", name); print "name " name
  next
}
/^ifquery: / { next }
/^iface / { flush(); stanzas = 1; inside = $2 == interface; family = $3 != "inet6"; if (inside) print "name " $2; next }
/^auto |^(info|warning): / { next }
!inside || /^[ \t]*$/ { next }
stanzas { name = $1; sub(/^[ \t]*[^ \t]+[ \t]*/, ""); option(name, $0); next }
/^[^ ]+: / { name = $1; sub(/:$/, "", name); sub(/^[^ ]+: /, ""); option(name, $0); next }
# A second value of the option before it: two addresses in one stanza are none to ip.
key == "address" { address = address " and " $0; lines = 1 }
END { flush() }
