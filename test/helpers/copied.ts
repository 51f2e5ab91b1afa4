import type { Lab } from "./lab";

/** What copies get wrong: names, types, modes, owners, hard links, link targets, an xattr. */
export const odd = (lab: Lab) =>
  lab.on(
    "xcatmn1",
    "cd /install && find . ! -name new-file ! -name . -printf '%P %y %m %U:%G %s %n %l\\n' | sort; getfattr -d -m - postscripts/syslog; stat -c '%a %U' /tftpboot/setuid",
  );
