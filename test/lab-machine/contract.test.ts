// The stand-ins keep xCAT's contract, traps included (docs/xcat-facts.md). Each row is one trap; `undo` always runs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MachineLab } from "../helpers/machine";

const lab = new MachineLab("contract");
const NODE = "xcatmn1";
const NETWORK = "10_0_0_0-255_0_0_0";
const READY =
  "for i in $(seq 100); do tabdump site </dev/null 2>/dev/null | grep -q xcatdport && break; sleep 0.1; done";
const DOWN = "systemctl stop xcatd";
// The stand-in starts in a moment: its starts in one test after another would reach systemd's limit, which real xcatd (4 s) never does.
const UP = `systemctl reset-failed xcatd; systemctl start xcatd; ${READY}`;
const DB_DOWN = "systemctl stop postgresql";
const DB_UP = `systemctl start postgresql; ${READY}`;

type Trap = {
  trap: string;
  given?: string;
  run: string;
  undo?: string;
  code?: number;
  out?: RegExp | "";
  err?: RegExp | "";
};

const TRAPS: Trap[] = [
  // Standard input
  {
    trap: "a client eats the rest of a script on a pipe",
    run: "printf 'tabdump site >/dev/null\\necho eaten\\n' | bash",
    out: "",
  },
  {
    trap: "chdef eats a regular file",
    run: "printf 'echo eaten\\n' >/tmp/s; { lsdef -t site -i domain -c; cat; } </tmp/s",
    out: /^clustersite: domain=cluster\.com\n$/,
  },
  {
    trap: "what comes late on the pipe is eaten too",
    run: "{ echo a; sleep 2; echo b; } | { tabdump site >/dev/null; cat; }",
    out: "",
  },
  {
    trap: "chtab eats nothing",
    run: "echo kept | { chtab key=lab site.value=1; cat; }",
    undo: "chdef -t site lab= </dev/null",
    out: /^kept\n$/,
  },
  {
    trap: "an open silent pipe costs a second",
    run: "s=$(date +%s%N); sleep 5 | { tabdump site >/dev/null; e=$(( ($(date +%s%N)-s)/1000000 )); (( e > 900 && e < 2500 )) && echo one; }",
    out: /^one$/m,
  },
  {
    trap: "with TERM set an open pipe is waited for without end",
    run: "sleep 6 | { TERM=dumb timeout 3 lsdef -t site -i domain; echo $?; TERM=dumb timeout 2 tabdump site; echo $?; }",
    out: /^124\n124\n$/,
  },
  {
    trap: "with TERM set a regular file is left alone by tabdump",
    run: "echo kept >/tmp/s; { TERM=dumb tabdump site >/dev/null; cat; } </tmp/s",
    out: /^kept\n$/,
  },

  // xcatd down, the database down
  {
    trap: "xcatd down: two lines on stdout, 111",
    given: DOWN,
    run: "tabdump networks </dev/null",
    undo: UP,
    code: 111,
    out: /^Unable to open socket connection to xcatd daemon on localhost:3001\.\nVerify that the xcatd daemon is running and that your SSL setup is correct\.\n$/,
    err: /^Connection failure: IO::Socket::INET: connect: Connection refused/,
  },
  ...[
    "makedns -n",
    "makedhcp -n",
    "chdef -t site x=1",
    "lsxcatd -a",
    "makeconservercf",
    "gettab key=domain site.value",
  ].map((run) => ({
    trap: `xcatd down: ${run}`,
    given: DOWN,
    run: `${run} </dev/null`,
    undo: UP,
    code: 111,
  })),
  {
    trap: "xcatd down: chtab works",
    given: DOWN,
    run: "chtab key=domain site.value=cluster.com",
    undo: UP,
    out: "",
    err: "",
  },
  ...[
    "tabdump site",
    "lsdef -t site -i domain",
    `chdef -t network -o ${NETWORK} mgtifname=x`,
    "gettab key=domain site.value",
    "lsxcatd -a",
  ].map((run) => ({
    trap: `database down: ${run}`,
    given: DB_DOWN,
    run: `${run} </dev/null`,
    undo: DB_UP,
    code: 1,
    out: "" as const,
    err: /^Error: Permission denied for request\n$/,
  })),
  {
    trap: "XCATBYPASS and no database: header only, 0",
    given: DB_DOWN,
    run: "XCATBYPASS=1 tabdump networks </dev/null",
    undo: DB_UP,
    out: /ERROR: Unable to open basic site table.*\n#netname,net,mask,.*,disable\n$/s,
  },
  {
    trap: "XCATBYPASS needs no xcatd",
    given: DOWN,
    run: "XCATBYPASS=1 tabdump site </dev/null",
    undo: UP,
    out: /^"xcatdport","3001",,$/m,
  },
  {
    trap: "chtab, database down: misleading text on stdout",
    given: DB_DOWN,
    run: "chtab key=a site.value=b",
    undo: DB_UP,
    code: 1,
    out: /^Table site does not exist\.$/m,
  },
  {
    trap: "a restart of PostgreSQL is survived",
    run: "systemctl restart postgresql; tabdump site </dev/null",
    out: /xcatdport/,
  },
  {
    trap: "xcatprobe dies with the database",
    given: DB_DOWN,
    run: "xcatprobe xcatmn -i eth0 </dev/null",
    undo: DB_UP,
    code: 255,
  },
  { trap: "xcatprobe, unknown option", run: "xcatprobe xcatmn -z </dev/null", code: 1 },
  {
    trap: "no client certificate",
    given: "mv /root/.xcat /root/.xcat.away",
    run: "tabdump site </dev/null",
    undo: "mv /root/.xcat.away /root/.xcat",
    code: 1,
    out: /client certificates under \/root\/\.xcat\//,
    err: /^Error: Permission denied for request\n$/,
  },
  {
    trap: "no server certificate: xcatd is active, 104",
    given: "mv /etc/xcat/cert /etc/xcat/cert.away",
    run: "systemctl is-active xcatd; tabdump site </dev/null",
    undo: "mv /etc/xcat/cert.away /etc/xcat/cert",
    code: 104,
    out: /^active\nUnable to open socket/,
    err: /SSL connect attempt failed/,
  },

  // Tables
  {
    trap: "20 columns, quotes, NULL is nothing",
    run: "tabdump networks </dev/null",
    out: /^#netname,net,mask,mgtifname,gateway,dhcpserver,tftpserver,nameservers,ntpservers,logservers,dynamicrange,staticrange,staticrangeincrement,nodehostname,ddnsdomain,vlanid,domain,mtu,comments,disable\n"10_0_0_0-255_0_0_0","10\.0\.0\.0","255\.0\.0\.0","eth0","10\.0\.0\.103",,"10\.5\.106\.7",,,,,,,,,,,"1500",,\n$/,
  },
  {
    trap: "an inner quote is doubled",
    given: `chdef -t network -o ${NETWORK} comments='say "hi", now' </dev/null`,
    run: "tabdump -w net==10.0.0.0 networks </dev/null",
    undo: `chtab netname=${NETWORK} networks.comments=`,
    out: /,"say ""hi"", now",\n$/,
  },
  {
    trap: "an unknown table",
    run: "tabdump nosuch </dev/null",
    code: 1,
    err: /^Error: \[xcatmn1\]: No such table: nosuch$/m,
  },
  {
    trap: "chdef says the same when nothing changed",
    run: `chdef -t network -o ${NETWORK} mgtifname=eth0 </dev/null`,
    out: /^1 object definitions have been created or modified\.\n$/,
  },
  {
    trap: "chdef, missing row",
    run: "chdef -t network -o nope mgtifname=x </dev/null",
    code: 1,
    out: "",
    err: /Net or mask value should not be empty[\s\S]*One or more errors occured/,
  },
  {
    trap: "chdef, the net of another",
    run: "chdef -t network -o nope net=10.0.0.0 mask=255.0.0.0 </dev/null",
    code: 1,
    err: /A network definition called '10_0_0_0-255_0_0_0' already exists that contains the same net and mask values\. Cannot create a definition for 'nope'\./,
  },
  {
    trap: "chdef, bad attribute: nothing is written",
    run: `chdef -t network -o ${NETWORK} gateway=1.1.1.1 bogus=1 </dev/null; gettab net=10.0.0.0,mask=255.0.0.0 networks.gateway </dev/null`,
    out: /^10\.0\.0\.103\n$/,
    err: /'bogus' is not a valid attribute/,
  },
  {
    trap: "a blank row elsewhere fails every chdef, and names the good one",
    given: "chtab netname=foo,net=,mask= networks.mgtifname=eth8",
    run: `chdef -t network -o ${NETWORK} mgtifname=eth0 </dev/null`,
    undo: "PGPASSWORD=$(sed 's/.*|//' /etc/xcat/cfgloc) psql -Xqh 10.5.106.7 -U xcatadm xcatdb -c \"delete from networks where netname = 'foo'\"",
    code: 1,
    err: new RegExp(`Attribute 'net' is not specified for network entry '${NETWORK}', skipping\\.`),
  },
  {
    trap: "the empty string prints like NULL",
    given: "chtab netname=foo,net=,mask= networks.mgtifname=eth8",
    run: "tabdump networks </dev/null",
    undo: "PGPASSWORD=$(sed 's/.*|//' /etc/xcat/cfgloc) psql -Xqh 10.5.106.7 -U xcatadm xcatdb -c \"delete from networks where netname = 'foo'\"",
    out: /^"foo",,,"eth8",/m,
  },
  {
    trap: "lsdef -c",
    run: `lsdef -t network -o ${NETWORK} -i mgtifname,vlanid -c </dev/null`,
    out: new RegExp(`^${NETWORK}: mgtifname=eth0\n${NETWORK}: vlanid=\n$`),
  },
  {
    trap: "lsdef, missing object",
    run: "lsdef -t network -o nope -i mgtifname -c </dev/null",
    code: 1,
    out: /^No object definitions have been found\n$/,
    err: /Could not find an object named 'nope' of type 'network'\./,
  },
  {
    trap: "-c without -i",
    run: "lsdef -t network -c </dev/null",
    code: 1,
    err: /The flags '-c' and '-i' must be used together\./,
  },
  {
    trap: "an empty site value is a missing one",
    given: "chtab key=domain site.value=",
    run: "lsdef -t site -i domain </dev/null; lsdef -t site -i domain -c </dev/null",
    undo: "chtab key=domain site.value=cluster.com",
    out: /^Object name: clustersite\nNo object definitions have been found\n$/,
  },
  {
    trap: "an error over two lines",
    run: "lsdef -t bogus </dev/null",
    code: 1,
    err: /^Error: \[xcatmn1\]: \nType 'bogus' is not a valid xCAT object type\.\n$/,
  },
  { trap: "gettab, unknown column: nothing, 0", run: "gettab key=domain site.bogus </dev/null", out: "", err: "" },
  {
    trap: "gettab, unknown key",
    run: "gettab foo=1 networks.net </dev/null",
    code: 1,
    err: /Unknown key foo to networks/,
  },
  {
    trap: "values are values",
    run: `chdef -t network -o ${NETWORK} comments='$(id) \`id\` "q" o'"'"'k' </dev/null >/dev/null; gettab net=10.0.0.0,mask=255.0.0.0 networks.comments </dev/null`,
    undo: `chtab netname=${NETWORK} networks.comments=`,
    out: /^\$\(id\) `id` "q" o'k\n$/,
  },

  // make* steps
  {
    trap: "makedns -n, all lines, and named answers for what /etc/hosts says",
    run: "makedns -n </dev/null | grep -v ^Handling; sleep 0.5; dig +short @127.0.0.1 cn1.cluster.com; dig +short @127.0.0.1 -x 10.5.106.101",
    out: /^Getting reverse zones, this may take several minutes for a large cluster\.\nCompleted getting reverse zones\.\nUpdating zones\.\nCompleted updating zones\.\nRestarting bind9\nRestarting named complete\nUpdating DNS records, this may take several minutes for a large cluster\.\nCompleted updating DNS records\.\nDNS setup is completed\n10\.5\.106\.101\ncn1\.cluster\.com\.\n$/,
  },
  {
    trap: "makedns without a domain touches nothing",
    given: "chdef -t site domain= </dev/null",
    run: "makedns -n </dev/null; echo $?; systemctl is-active named",
    undo: "chdef -t site domain=cluster.com </dev/null",
    out: /^1\nactive\n$/,
    err: /domain not defined in site table/,
  },
  {
    trap: "own name unresolvable: named is down, the zones are gone",
    given: "cp /etc/hosts /etc/hosts.away; sed -i /xcatmn1/d /etc/hosts",
    run: "makedns -n </dev/null | tail -n 1; systemctl is-active named; ls /var/lib/bind/db.* 2>/dev/null",
    undo: "mv /etc/hosts.away /etc/hosts; makedns -n </dev/null",
    code: 2,
    out: /^Updating zones\.\ninactive\n$/,
    err: /Unable to find an IP for xcatmn1 in hosts table or via system lookup \(i\.e\. \/etc\/hosts\n/,
  },
  {
    trap: "own name at a silent address: a long wait, empty zones, named active",
    given: "cp /etc/hosts /etc/hosts.away; sed -i 's/^10.5.106.7 /10.5.106.9 /' /etc/hosts",
    run: "makedns -n </dev/null | tail -n 1; systemctl is-active named; dig +short @127.0.0.1 cn1.cluster.com",
    undo: "mv /etc/hosts.away /etc/hosts; makedns -n </dev/null",
    out: /^Updating DNS records, .*\nactive\n$/,
    err: /No reply received when sending DNS update to zone 10\.IN-ADDR\.ARPA\./,
  },
  {
    trap: "named that cannot start",
    given: "systemctl stop named; systemctl mask --runtime -q named",
    run: "makedns -n </dev/null",
    undo: "systemctl unmask --runtime -q named; makedns -n </dev/null",
    code: 1,
    out: /Restarting bind9\n$/,
    err: /failed to start named\.\n\n$/,
  },
  {
    trap: "makedhcp -n, its lines and its conf",
    run: "makedhcp -n </dev/null; head -n 1 /etc/dhcp/dhcpd.conf; grep -E 'shared-network|next-server' /etc/dhcp/dhcpd.conf",
    out: /^Renamed existing dhcp configuration file to {2}\/etc\/dhcp\/dhcpd\.conf\.xcatbak\n\n#xCAT generated dhcp configuration\nshared-network eth0 \{\n +next-server {2}10\.5\.106\.7;\n$/,
    err: /No dynamic range specified for 10\.0\.0\.0/,
  },
  {
    trap: "an alias in dhcpinterfaces: 0, and dhcpd is dead; -a says so",
    given: "chdef -t site dhcpinterfaces=eth0:0 </dev/null",
    run: "makedhcp -n </dev/null >/dev/null 2>&1; echo $?; sleep 0.5; systemctl is-active dhcpd; makedhcp -a </dev/null",
    undo: "chdef -t site dhcpinterfaces= </dev/null; makedhcp -n </dev/null",
    code: 1,
    out: /^0\nfailed\n$/,
    err: /dhcp server is not running\. {2}please start the dhcp server\./,
  },
  {
    trap: "mgtifname=eth0:0 does not harm ISC dhcpd",
    given: `chdef -t network -o ${NETWORK} mgtifname=eth0:0 </dev/null`,
    run: "makedhcp -n </dev/null >/dev/null 2>&1; sleep 0.5; systemctl is-active dhcpd",
    undo: `chdef -t network -o ${NETWORK} mgtifname=eth0 </dev/null`,
    out: /^active\n$/,
  },
  {
    trap: "makedhcp without a domain: the old file is back",
    given: "chdef -t site domain= </dev/null",
    run: "md5sum </etc/dhcp/dhcpd.conf; makedhcp -n </dev/null >/dev/null; md5sum </etc/dhcp/dhcpd.conf",
    undo: "chdef -t site domain=cluster.com </dev/null",
    out: /^(\w+) +-\n\1 +-\n$/,
    err: /No domain defined for 10\.0\.0\.0 entry[\s\S]*above error fail to generate/,
  },
  {
    trap: "makedhcp -n -a",
    run: "makedhcp -n -a </dev/null",
    code: 1,
    err: /The -n option cannot be used with other options\./,
  },
  {
    trap: "makedhcp -q",
    run: "makedhcp -a </dev/null; makedhcp -q cn1 </dev/null",
    out: /^cn1: ip-address = 10\.5\.106\.101, hardware-address = [0-9a-f:]{17}\n$/,
  },
  {
    trap: "an address in the tables is none to makedhcp -a and makedns: a warning, 0, neither name nor reservation; nodels says what the tables have",
    given:
      "chtab node=cn9 nodelist.groups=all; chtab node=cn9 hosts.ip=10.5.106.109; chtab node=cn9 mac.mac=42:03:0a:05:6a:6d; makedns -n </dev/null",
    run: "makedhcp -a </dev/null; echo $?; sleep 0.5; dig +short @127.0.0.1 cn9.cluster.com; makedhcp -q cn9 </dev/null; nodels /cn9 hosts.ip mac.mac </dev/null; nodels cn9 hosts.ip </dev/null",
    undo: "PGPASSWORD=$(sed 's/.*|//' /etc/xcat/cfgloc) psql -Xqh 10.5.106.7 -U xcatadm xcatdb -c \"delete from nodelist where node = 'cn9'; delete from hosts where node = 'cn9'; delete from mac where node = 'cn9'\"",
    out: /^0\ncn9: hosts\.ip: 10\.5\.106\.109\ncn9: mac\.mac: 42:03:0a:05:6a:6d\ncn9: 10\.5\.106\.109\n$/,
    err: /^Warning: \[xcatmn1\]: The hostname cn9 of node cn9 could not be resolved\.\n$/,
  },
  {
    trap: "a range without a node",
    run: "nodels /nothing </dev/null",
    code: 1,
    err: /Invalid nodes and\/or groups in noderange: \/nothing/,
  },
  {
    trap: "what makedns ignores it says, and does the rest",
    given: "cp /etc/hosts /etc/hosts.away; printf '10.5.106.9 bad_name\\n192.0.2.9 far\\n' >>/etc/hosts",
    run: "makedns -n </dev/null | grep -e ^Ignoring -e completed; sleep 0.5; dig +short @127.0.0.1 far.cluster.com; dig +short @127.0.0.1 cn1.cluster.com",
    undo: "mv /etc/hosts.away /etc/hosts; makedns -n </dev/null",
    out: /^Ignoring line 10\.5\.106\.9 bad_name in \/etc\/hosts, names {2}bad_name contain invalid .*\nIgnoring host far, it does not belong to any nets .*\nDNS setup is completed\n10\.5\.106\.101\n$/,
  },
  {
    trap: "makeconservercf enables conserver",
    given: "systemctl disable -q conserver",
    run: "makeconservercf </dev/null; systemctl is-enabled conserver",
    out: /^enabled\n$/,
  },
  {
    trap: "any command line that names goconserver makes it fail",
    run: ": /usr/bin/goconserver; makeconservercf </dev/null",
    code: 1,
    err: /goconserver is being used as the console service, did you mean: makegocons <noderange>\?/,
  },
  {
    trap: "makegocons without goconserver",
    run: "makegocons </dev/null",
    code: 1,
    err: /goconserver is not installed\./,
  },
  {
    trap: "make* enable nothing else",
    given: "systemctl disable -q named dhcpd",
    run: "makedns -n </dev/null >/dev/null; makedhcp -n </dev/null >/dev/null 2>&1; systemctl is-enabled named dhcpd",
    undo: "systemctl enable -q named dhcpd",
    code: 1,
    out: /^disabled\ndisabled\n$/,
  },

  // xcatd
  {
    trap: "ports and titles",
    run: "ss -Hltn | grep -Eo '[^ ]+:(3001|3002|3003) ' | sort; ss -Hlun | grep -c ':3001 '; ps -eo args | grep '^xcatd: ' | sort",
    out: /^0\.0\.0\.0:3001 \n0\.0\.0\.0:3002 \n127\.0\.0\.1:3003 \n1\nxcatd: Command log writer\nxcatd: DB Access\nxcatd: Discovery worker\nxcatd: SSL listener\nxcatd: UDP listener\nxcatd: install monitor\n$/,
  },
  {
    trap: "no database: activating, 111; it comes up by itself",
    given: `${DOWN}; ${DB_DOWN}`,
    run: "systemctl start --no-block xcatd; sleep 2; systemctl is-active xcatd; tabdump site </dev/null >/dev/null 2>&1; echo $?; systemctl start postgresql; sleep 4; systemctl is-active xcatd",
    undo: UP,
    out: /^activating\n111\nactive\n$/,
  },
  {
    trap: "no pg_hba line for the address it comes from: activating",
    given: `${DOWN}; sed -i 's/^\\(host.*10.5.106.7.32\\)/#\\1/' /var/lib/pgsql/data/pg_hba.conf; systemctl reload postgresql`,
    run: "systemctl start --no-block xcatd; sleep 2; systemctl is-active xcatd; systemctl stop xcatd; systemctl is-active xcatd",
    undo: `sed -i 's/^#host/host/' /var/lib/pgsql/data/pg_hba.conf; systemctl reload postgresql; ${UP}`,
    code: 3,
    out: /^activating\ninactive\n$/,
  },
  {
    trap: "no cfgloc: fails at once, SQLite files, retries without end",
    given: `${DOWN}; mv /etc/xcat/cfgloc /etc/xcat/cfgloc.away`,
    run: "systemctl start xcatd 2>/dev/null; echo $?; systemctl is-active xcatd; ls /etc/xcat/*.sqlite; journalctl -u xcatd -o cat -n 20 | grep -c 'Need xcatdport defined in site table, try chtab key=xcatdport site.value=3001'; XCATBYPASS=1 lsxcatd -d </dev/null",
    undo: `${DOWN}; rm -f /etc/xcat/*.sqlite; mv /etc/xcat/cfgloc.away /etc/xcat/cfgloc; ${UP}`,
    out: /^1\nactivating\n\/etc\/xcat\/nodelist\.sqlite\n\/etc\/xcat\/site\.sqlite\n[1-9]\d*\ndbengine=SQLite\n$/,
  },
  {
    trap: "no site.xcatdport: dies",
    given: `chdef -t site xcatdport= </dev/null; ${DOWN}`,
    run: "systemctl start xcatd",
    undo: `${DOWN}; chtab key=xcatdport site.value=3001; ${UP}`,
    code: 1,
  },
  {
    trap: "SIGTERM by hand: inactive, not restarted",
    run: "kill $(cat /run/xcatd.pid); sleep 1; systemctl is-active xcatd; systemctl show -p Result --value xcatd",
    undo: UP,
    out: /^inactive\nsuccess\n$/,
  },
  {
    trap: "SIGKILL: started again after 5 s",
    run: `kill -9 $(cat /run/xcatd.pid); sleep 1; systemctl is-active xcatd; sleep 6; systemctl is-active xcatd; ${READY}`,
    out: /^activating\nactive\n$/,
  },
  {
    trap: "only DB Access killed: clients go on",
    run: "kill -9 $(pgrep -f '^xcatd: DB Access'); tabdump site </dev/null | grep -c xcatdport; systemctl is-active xcatd",
    undo: `${DOWN}; ${UP}`,
    out: /^1\nactive\n$/,
  },
  {
    trap: "a stop removes the pid file and frees the ports; the others run on",
    run: "systemctl stop xcatd; ls /run/xcatd.pid; ss -Hltn | grep -c ':300[123] '; pgrep -c in.tftpd; systemctl is-active named dhcpd conserver postgresql",
    undo: UP,
    out: /^0\n0\nactive\nactive\nactive\nactive\n$/,
  },
  {
    trap: "lsxcatd -d",
    run: "lsxcatd -d </dev/null",
    out: /^cfgloc=Pg:dbname=xcatdb;host=10\.5\.106\.7\|xcatadm\ndbengine=Pg\ndbname=xcatdb\ndbhost=10\.5\.106\.7\ndbadmin=xcatadm\n$/,
  },

  // Export, probe, dump
  {
    trap: "xcat-inventory: sorted, version last without a newline",
    run: "xcat-inventory export --format yaml -f /tmp/i.yaml; grep -oE '^[a-z_]+' /tmp/i.yaml | sort -c && echo sorted; tail -c 1 /tmp/i.yaml",
    out: /^The inventory data has been dumped to \/tmp\/i\.yaml\nsorted\n\)$/,
  },
  {
    trap: "xcat-inventory needs xcatd's pid file",
    given: DOWN,
    run: "xcat-inventory export --format yaml -f /tmp/i.yaml",
    undo: UP,
    code: 1,
    err: /UnboundLocalError/,
  },
  {
    trap: "dumpxCATdb",
    run: "rm -rf /tmp/dump; dumpxCATdb -p /tmp/dump </dev/null; stat -c %a /tmp/dump/passwd.csv; head -n 1 /tmp/dump/site.csv",
    out: /^ Creating \/tmp\/dump for database dump\nBackup Complete\.\n644\n#key,value,comments,disable\n$/,
  },
  {
    trap: "dumpxCATdb, xcatd down: an empty folder",
    given: `${DOWN}; rm -rf /tmp/dump`,
    run: "dumpxCATdb -p /tmp/dump </dev/null >/dev/null 2>&1; echo $?; ls -A /tmp/dump",
    undo: UP,
    out: /^1\n$/,
  },
  {
    trap: "probe: 0 whatever it finds, reasons beneath their check, the raw verdict's other form, and all that is wrong once more",
    given: DOWN,
    run: "/opt/xcat/probe/subcmds/xcatmn -i eth0 </dev/null",
    undo: UP,
    out: /^\[failed\] :\[mn\]: Checking all xCAT daemons are running\.\.\.\n\[debug\] {2}:\[mn\]: Daemon 'SSL listener' isn't running\n(\[debug\] {2}:\[mn\]: .*\n){5}\[debug\] {2}:=+ SUMMARY =+\n\[failed\]:\[MN\]: Checking on MN\.\.\.\n\[failed\] : {4}Checking all xCAT daemons are running\.\.\.\n\[debug\] {2}: {8}Daemon 'SSL listener' isn't running\n/,
  },
  {
    trap: "probe: the label decides, and nothing is checked behind the network",
    given: `chdef -t network -o ${NETWORK} mgtifname=eth0:0 </dev/null`,
    run: "/opt/xcat/probe/subcmds/xcatmn -i eth0:0 </dev/null",
    undo: `chdef -t network -o ${NETWORK} mgtifname=eth0 </dev/null`,
    out: /\n\[failed\] :\[mn\]: Checking provision network is configured\.\.\.\n\[debug\] {2}:\[mn\]: There isn't NIC 'eth0:0' in current server\n\[debug\] {2}:=+ SUMMARY/,
  },
  {
    trap: "probe: the reasons of a failed check",
    given: "systemctl stop dhcpd",
    run: "/opt/xcat/probe/subcmds/xcatmn -i eth0 </dev/null",
    undo: "systemctl start dhcpd",
    out: /\n\[failed\] :\[mn\]: Checking DHCP service is configured\.\.\.\n\[debug\] {2}:\[mn\]: makedhcp xcatmntest failed\n\[debug\] {2}:\[mn\]: Run 'makedhcp -n' if it has not been ran before\.\n/,
  },
  {
    trap: "probe: with the VIP under its label a warning, and the database's package, which it asks of rpm alone; without -i the network too",
    given: `ip addr add 10.5.106.70/8 dev eth0; ip addr del 10.5.106.7/8 dev eth0; ip addr add 10.5.106.70/8 dev eth0 2>/dev/null; ip addr add 10.5.106.7/8 brd + dev eth0 label eth0:0; sed 's#10.5.106.7/32#10.5.106.70/32#' /var/lib/pgsql/data/pg_hba.conf | grep '^host.*10.5.106.70/32' >>/var/lib/pgsql/data/pg_hba.conf; systemctl reload postgresql; systemctl restart postgresql; systemctl restart xcatd; ${READY}; chdef -t network -o ${NETWORK} mgtifname=eth0:0 </dev/null`,
    run: "/opt/xcat/probe/subcmds/xcatmn -i eth0:0 </dev/null | grep -v '^.ok'; xcatprobe xcatmn </dev/null | grep -F '[FAIL]'",
    out: /^\[warning\]:\[mn\]: Checking xCAT management node IP: <10\.5\.106\.7> is configured to static\.\.\.\n\[debug\] {2}:\[mn\]: The value '10\.5\.106\.7' of 'master' in 'site' table isn't a static ip\n\[failed\] :\[mn\]: Checking DB packages installation\.\.\.\n\[debug\] {2}:\[mn\]: perl-DBD-Pg is not installed\.\n[\s\S]*\n\[mn\]: Checking provision network is configured\.\.\. +\[FAIL\]\n\[MN\]: Checking on MN\.\.\. +\[FAIL\]\n/,
  },
];

before(() => lab.make());
after(() => {
  lab.run(["down"]);
});

for (const { trap, given, run, undo, code = 0, out, err } of TRAPS) {
  test(trap, () => {
    const seen = lab.shell(NODE, run, { given, undo });
    const whole = JSON.stringify(seen, null, 1);
    assert.equal(seen.code, code, whole);
    const streams: [string, RegExp | "" | undefined][] = [
      [seen.out, out],
      [seen.err, err],
    ];
    for (const [text, wanted] of streams) {
      if (wanted instanceof RegExp) assert.match(text, wanted, whole);
      else if (wanted === "") assert.equal(text, "", whole);
    }
  });
}

test("the VIP goes while xcatd runs: clients hang, the stop takes its 30 s and fails; with the VIP back all is well", () => {
  // From the test above the node has its static address and the VIP beside it.
  const seen = lab.shell(
    NODE,
    "ip addr del 10.5.106.7/8 dev eth0; timeout 5 tabdump site </dev/null; echo $?; systemctl is-active xcatd; ip addr add 10.5.106.7/8 brd + dev eth0 label eth0:0; sleep 3; timeout 10 tabdump site </dev/null | grep -c xcatdport",
  );
  assert.equal(seen.out, "124\nactive\n1\n");
  const stop = lab.shell(
    NODE,
    "ip addr del 10.5.106.7/8 dev eth0; (timeout 60 tabdump site </dev/null >/dev/null 2>&1 &); sleep 1; s=$SECONDS; systemctl stop xcatd; echo $?; echo $((SECONDS - s >= 29)); systemctl is-active xcatd; systemctl show -p Result --value xcatd",
  );
  assert.equal(stop.out, "0\n1\nfailed\ntimeout\n");
});
