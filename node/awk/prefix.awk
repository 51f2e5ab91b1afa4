# An address and its prefix, for ifquery.awk and interface.awk, which stand behind it.
function prefix_of(mask,  part, i, value, bits) {
  if (mask !~ /\./) return mask
  split(mask, part, ".")
  for (i = 1; i <= 4; i++) for (value = part[i]; value > 0; value = int(value / 2)) bits += value % 2
  return bits
}
function with_prefix(address, prefix, mask) {
  if (address ~ /\// || address == "") return address
  return address "/" (prefix != "" ? prefix : prefix_of(mask))
}
