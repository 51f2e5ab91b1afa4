# Which mount a path is on, as its process sees it: the device of the mount whose place is the longest front of the
# path.
function load_mounts(pid,  file, line, part, at, n) {
  if (pid in mounts) return
  file = "/proc/" pid "/mountinfo"
  while ((getline line < file) > 0) {
    split(line, part, " ")
    at = part[5]
    gsub(/\\040/, " ", at)
    n = ++mounts[pid]
    id[pid, n] = part[1]
    place[pid, n] = at
    device[pid, n] = part[3]
  }
  close(file)
  mounts[pid] += 0
}
# mount_of: its number, or 0 where the process is gone. The last one on a place covers those before it.
function mount_of(pid, path,  i, at, best, length_of_best) {
  load_mounts(pid)
  length_of_best = -1
  for (i = 1; i <= mounts[pid]; i++) {
    at = place[pid, i]
    if ((at == "/" || path == at || index(path, at "/") == 1) && length(at) >= length_of_best) {
      best = i; length_of_best = length(at)
    }
  }
  return best + 0
}
