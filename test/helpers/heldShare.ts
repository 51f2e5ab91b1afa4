// A share in whose file systems the kernel holds every look in state D, where no signal ends it: a FUSE file system that answers nothing.
import { accessSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { otherPrograms } from "../../components/remote/program";
import { bash, nodeFiles } from "./bash";

const ROOT = join(__dirname, "../..");

// Told that it is there (FUSE_INIT), and nothing else. It ends by itself, and with it what it holds.
const HELD = `
  share=$(mktemp -d)
  exec 3<>/dev/fuse
  mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 held "$share"
  perl -e 'open(my $fuse, "+<&=", 3) or die; alarm 40;
    while (sysread($fuse, my $request, 1 << 17)) {
      my (undef, $kind, $unique) = unpack("LLQ", $request);
      next if $kind != 26;
      my $answer = pack("LLLLSSLLSSLx28", 7, 31, 65536, 0, 12, 9, 65536, 1, 0, 0, 0);
      syswrite($fuse, pack("LlQ", 16 + length $answer, 0, $unique) . $answer);
    }' </dev/null >/dev/null 2>&1 &
  holder=$!
  exec 3>&-
  trap 'kill -KILL "$holder"; umount -l "$share"; rmdir "$share"' EXIT
`;

/** Sources what nodeFiles makes of `files` where SHARE hangs, then runs `script`. What has a limit in seconds has one of a second. */
export function onHeldShare(files: string[], script: string) {
  const source = nodeFiles(...files)
    .map((file) => `source <(sed -E 's/^readonly ([A-Z]+_SECONDS)=.*/\\1=1/' '${join(ROOT, file)}')`)
    .join("\n");
  return bash(
    [],
    `exec unshare --mount bash -c "$(cat)"`,
    `set -euo pipefail\ndeclare -A BEFORE=()\n${HELD}\n${otherPrograms()}${source}\nSHARE=$share SHARE_DEADLINE=1\n${script}`,
  );
}

function missing(): string | false {
  if (userInfo().uid !== 0) return "only root can mount a share that hangs";
  try {
    accessSync("/dev/fuse");
    return false;
  } catch {
    return "there is no /dev/fuse here";
  }
}
export const CANNOT_HOLD = missing();
