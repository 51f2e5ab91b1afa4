# One reader and editor for the files of all tools. act=list prints ADDRESS/PREFIX a line; act=edit prints the file with
# `old` replaced by `new` (old empty: new is added; new empty: old is taken out). Every other line stays as it is.
function unquoted(text) { gsub(/["']/, "", text); return text }
function indentation(text) { match(text, /^ */); return RLENGTH }
{ line[NR] = $0 }
END {
  if (tool == "ifupdown") ifupdown()
  else if (tool == "networkd") networkd()
  else if (tool == "netplan") netplan()
  else ifcfg()
}

# Stanzas: the lines from `iface` to the next stanza. A further address is a stanza of its own, of the same name or of
# an alias; where a template has its netmask, the address alone says which one it is.
function ifupdown(  i, k, n, word, s, start, name, address, mask, gone, bare, own, left, cut) {
  n = split(names, own, "|")
  for (k = 1; k <= n; k++) ours[own[k]] = 1
  bare = old; sub(/[/].*/, "/", bare)
  for (i = 1; i <= NR; i++) {
    split(line[i], word)
    if (word[1] ~ /^(iface|auto|allow-.*|mapping|source|source-directory|rename|no-auto-down|no-scripts|template)$/) {
      s = 0
      if (word[1] == "iface" && (word[2] in ours) && word[3] ~ /^(inet|inherits|)$/) { s = ++start; name[s] = word[2] }
    }
    at[i] = s
    if (s && word[1] == "address") address[s] = word[2]
    if (s && word[1] == "netmask") mask[s] = word[2]
  }
  for (s = 1; s <= start; s++) {
    if (address[s] == "") continue
    address[s] = with_prefix(address[s], "", mask[s])
    if (address[s] == bare) address[s] = old
    if (address[s] == old && new == "") gone[name[s]] = 1
  }
  for (i = 1; i <= NR; i++) {
    n = split(line[i], word)
    s = at[i]
    if (s && address[s] == old && old != "") {
      if (new == "") continue
      if (word[1] == "address") {
        match(line[i], /^[ \t]*/); print substr(line[i], 1, RLENGTH) "address " new
        continue
      }
      if (word[1] == "netmask" || word[1] == "broadcast") continue
    }
    # An alias that is taken out is not brought up either.
    if (word[1] ~ /^(auto|allow-hotplug)$/) {
      left = word[1]; cut = 0
      for (k = 2; k <= n; k++) if ((word[k] in gone) && word[k] ~ /:/) cut = 1; else left = left " " word[k]
      if (cut && left == word[1]) continue
      if (cut) { print left; continue }
    }
    print line[i]
  }
  if (old == "" && new != "") {
    # The name that is no alias.
    for (k in ours) if (k !~ /:/) interface = k
    print "\niface " interface " inet static\n    address " new
  }
}

# Keys with a suffix: IPADDR, IPADDR0, IPADDR_lan, each with its own PREFIX, NETMASK and so on.
function ifcfg(  i, key, value, s, order, n, have, address, word) {
  for (i = 1; i <= NR; i++) {
    if (line[i] !~ /^[ \t]*[A-Z]+[A-Za-z0-9_]*=/) continue
    key = line[i]; sub(/=.*/, "", key); gsub(/[ \t]/, "", key)
    value = line[i]; sub(/^[^=]*=/, "", value); value = unquoted(value); sub(/[ \t]*(#.*)?$/, "", value)
    if (match(key, /^(IPADDR|PREFIXLEN|PREFIX|NETMASK|BROADCAST|LABEL)/)) {
      word = substr(key, 1, RLENGTH); s = substr(key, RLENGTH + 1)
      if (word == "IPADDR") { order[++n] = s; taken[s] = 1 }
      have[word, s] = value; of[i] = s; is[i] = word
    }
  }
  for (i = 1; i <= n; i++) {
    s = order[i]
    address[s] = with_prefix(have["IPADDR", s], have["PREFIX", s] have["PREFIXLEN", s], have["NETMASK", s])
    if (act == "list" && address[s] != "") print address[s]
  }
  if (act == "list") return
  for (i = 1; i <= NR; i++) {
    if ((i in is) && old != "" && address[of[i]] == old) {
      if (is[i] == "IPADDR" && new != "") ifcfg_line(of[i])
      continue
    }
    print line[i]
  }
  if (old == "" && new != "") {
    s = ("" in taken) ? (tool == "wicked" ? "_1" : "1") : ""
    while (s in taken) s = (tool == "wicked" ? "_" : "") (substr(s, tool == "wicked" ? 2 : 1) + 1)
    ifcfg_line(s)
  }
}
function ifcfg_line(s,  part) {
  split(new, part, "/")
  if (tool == "wicked") print "IPADDR" s "='" new "'"
  else print "IPADDR" s "=" part[1] "\nPREFIX" s "=" part[2]
}

# Address= in [Network], or in a section [Address] of its own.
function networkd(  i, section, value, added, first) {
  for (i = 1; i <= NR; i++) {
    if (line[i] ~ /^\[/) { section = line[i]; first = i }
    value = ""
    if (section ~ /^\[(Network|Address)\]/ && line[i] ~ /^Address[ \t]*=/) {
      value = line[i]; sub(/^[^=]*=[ \t]*/, "", value); sub(/[ \t]+$/, "", value)
    }
    if (value ~ /^[0-9.]+\/[0-9]+$/ && act == "list") print value
    if (value != "" && value == old) {
      if (new != "") line[i] = "Address=" new
      else { line[i] = "\001"; if (section ~ /^\[Address\]/) section_gone[first] = 1 }
    }
    in_section[i] = first
  }
  if (act == "list") return
  for (i = 1; i <= NR; i++) {
    if (line[i] == "\001" || (in_section[i] in section_gone && line[i] !~ /^#/)) continue
    print line[i]
    if (old == "" && new != "" && line[i] ~ /^\[Network\]/ && !added++) print "Address=" new
  }
}

# The list `addresses` of the interface's own mapping: [a, b] on one line, or an item a line.
function netplan(  i, inside, own, depth, items, value, text, list, n, k, out,
    last, last_item, item_depth, dropped, keep, done) {
  inside = -1; own = -1; items = 0
  for (i = 1; i <= NR; i++) {
    text = line[i]
    if (text ~ /^[ ]*(#.*)?$/) { out[i] = text; continue }
    depth = indentation(text)
    if (inside >= 0 && depth <= inside) { inside = -1; items = 0 }
    if (text ~ ("^ +" interface ":[ ]*(#.*)?$")) { inside = depth; own = -1; last = i }
    else if (inside >= 0) {
      if (own < 0) own = depth
      if (items && depth >= own && text ~ /^ *- /) {
        value = text; sub(/^ *- +/, "", value); sub(/[ ]+#.*$/, "", value); sub(/:[ ]*$/, "", value)
        value = unquoted(value)
        if (value ~ /^[0-9.]+\/[0-9]+$/ && act == "list") print value
        keep = 1
        if (value == old && old != "") { if (new == "") keep = 0; else sub(escaped(old), new, text) }
        last_item = i; item_depth = depth
        if (!keep) { dropped[i] = 1; continue }
      } else if (items && depth > own) {
        # Options of the item above: they go with it.
        if (!keep) { dropped[i] = 1; continue }
        last_item = i
      } else {
        items = 0
        if (depth == own && text ~ /^ *addresses:[ ]*\[[^]]*$/) {
          # Over several lines: neither read nor edited, and said so.
          if (act == "list") print "a list over several lines"
          done = 1
        } else if (depth == own && text ~ /^ *addresses:[ ]*\[/) {
          value = text; sub(/^[^[]*\[/, "", value); sub(/\].*$/, "", value)
          n = split(value, list, ","); value = ""
          for (k = 1; k <= n; k++) {
            gsub(/[ ]/, "", list[k])
            if (act == "list" && unquoted(list[k]) ~ /^[0-9.]+\/[0-9]+$/) print unquoted(list[k])
            if (old != "" && unquoted(list[k]) == old) list[k] = new
            if (list[k] != "") value = value (value == "" ? "" : ", ") list[k]
          }
          if (old == "" && new != "") { value = value (value == "" ? "" : ", ") new; done = 1 }
          match(text, /\[[^]]*\]/); text = substr(text, 1, RSTART) value substr(text, RSTART + RLENGTH - 1)
        } else if (depth == own && text ~ /^ *addresses:[ ]*(#.*)?$/) {
          items = 1; keep = 1; last_item = i; item_depth = depth + 2
        }
      }
    }
    out[i] = text
  }
  if (act == "list") return
  for (i = 1; i <= NR; i++) {
    if (i in dropped) continue
    print out[i]
    if (old == "" && new != "" && !done) {
      if (i == last_item) { printf "%" item_depth "s- %s\n", "", new; done = 1 }
      else if (i == last && !last_item) {
        printf "%" (own > 0 ? own : indentation(out[i]) + 2) "saddresses: [%s]\n", "", new
        done = 1
      }
    }
  }
}
function escaped(text) { gsub(/[.]/, "[.]", text); return text }
