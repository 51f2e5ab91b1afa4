# Of processes_named in node/lib/processes/look.sh, behind mount.awk.
BEGIN { own = mount_of("self", directory); if (!own) exit 1; wanted = device["self", own] }
{
  split($1, part, "/")
  pid = part[3]
  path = substr($0, length($1) + 2)
  sub(/ \(deleted\)$/, "", path)
  if (path == directory || index(path, directory "/") == 1) { if (!(pid in told)) print pid; told[pid] = 1; next }
  if ((pid, path) in known) next
  known[pid, path] = 1
  i = mount_of(pid, path)
  # On the same mount its name is all that there is to it.
  if (!i || device[pid, i] != wanted || id[pid, i] == id["self", own]) next
  while (1) {
    name = "/proc/" pid "/root" path
    if (!(name in asked)) print "look", name
    asked[name] = 1
    if (path == place[pid, i] || path == "/" || path == "") break
    sub(/\/[^\/]*$/, "", path)
    if (path == "") path = "/"
  }
}
