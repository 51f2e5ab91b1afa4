// Before a node takes the VIP: has another machine it, and is anybody heard at all? Afterwards: how it is announced, and what ends that.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { bash, sourced } from "../helpers/bash";

const FILES = ["report", "files", "observe", "staticAddress", "addresses", "virtualIp"];

const IPUTILS = "arping from iputils 20221126";
const HABETS = "arping: option requires an argument -- 'V'\nARPing 2.23, by Thomas Habets <thomas@habets.se>";

/** Both programs as they answer, made of what was seen of them. */
const SAYS: Record<string, { yes: string; no: string; down: string }> = {
  [IPUTILS]: {
    yes: "ARPING $1 from 0.0.0.0 eth0\nUnicast reply from $1 [02:00:00:00:00:09]  0.526ms\nSent 1 probes (1 broadcast(s))\nReceived 1 response(s)",
    no: "ARPING $1 from 0.0.0.0 eth0\nSent 1 probes (1 broadcast(s))\nReceived 0 response(s)",
    down: 'Interface "eth0" is down',
  },
  [HABETS]: {
    yes: "ARPING $1\n42 bytes from 02:00:00:00:00:09 ($1): index=0 time=12.283 usec\n\n--- $1 statistics ---\n1 packets transmitted, 1 packets received,   0% unanswered (0 extra)\nrtt min/avg/max/std-dev = 0.012/0.012/0.012/0.000 ms",
    no: "ARPING $1\nTimeout\n\n--- $1 statistics ---\n1 packets transmitted, 0 packets received, 100% unanswered (0 extra)\n",
    down: "arping: libnet_init(LIBNET_LINK, eth0): libnet_check_iface(): eth0 is down",
  },
};
const REPLY: Record<string, (address: string) => string> = {
  [IPUTILS]: (address) => `Unicast reply from ${address} [02:00:00:00:00:09] 0.526ms`,
  [HABETS]: (address) => `42 bytes from 02:00:00:00:00:09 (${address}): index=0 time=12.283 usec`,
};

/** A program that is called arping: who answers, and for which addresses it fails. Who is asked is seen on descriptor 7. */
function arping(program: string, answering: string[], failing: string[] = []) {
  const { yes, no, down } = SAYS[program];
  const list = (addresses: string[]) => (addresses.length ? addresses.join("|") : "nobody");
  return `exec 7>&1
    arping() {
      if [[ $* == -V ]]; then printf '%s\\n' "${program}"; return; fi
      local address=\${@: -1}
      printf 'asked %s\\n' "$address" >&7
      set -- "$address"
      case $address in
        ${list(failing)}) echo '${down}' >&2; return 2 ;;
        ${list(answering)}) printf '%s\\n' "${yes}" ;;
        *) printf '%s\\n' "${no}"; return 1 ;;
      esac
    }`;
}

/** An ip that shows this. */
const ip = (neighbours: string, routes = "", addresses = "") =>
  `ip() { case $* in
     '-4 neigh show dev eth0') ${neighbours} ;;
     '-4 route show default dev eth0') ${routes || ":"} ;;
     '-o -4 addr show'*) ${addresses || "echo '1: lo    inet 127.0.0.1/8 scope host lo'"} ;;
     *) printf 'ip %s\\n' "$*" ;;
   esac; }`;

const WANTED = `NODE=xcatmn1 VIP=10.5.106.7; declare -A SEEN=() WANT=([ip]=10.5.106.7 [prefix]=8 [interface]=eth0 [label]=eth0:0
  [static]=10.5.106.70/8 [address]='10.5.106.7/8 brd 10.255.255.255 dev eth0 label eth0:0')`;

const STALE = "10.5.106.9 lladdr 02:00:00:00:00:09 STALE";
const REACHABLE = "10.5.106.8 lladdr 02:00:00:00:00:08 router REACHABLE proto zebra";
const GATEWAY = "echo 'default via 10.0.0.1 proto static metric 100'";
const lines = (...all: string[]) => `printf '%s\\n' ${all.map((line) => `'${line}'`).join(" ")}`;

const OPTIONS: [program: string, question: string, options: string][] = [
  [IPUTILS, "who", "-D -I eth0 -c 1 -w 1 10.5.106.7"],
  [IPUTILS, "request", "-U -I eth0 -c 1 -w 1 10.5.106.7"],
  [IPUTILS, "reply", "-A -I eth0 -c 1 -w 1 10.5.106.7"],
  ["arping utility, iputils-s20180629", "who", "-D -I eth0 -c 1 -w 1 10.5.106.7"],
  [HABETS, "who", "-0 -C 1 -i eth0 -c 1 -w 1 10.5.106.7"],
  [HABETS, "request", "-U -S 10.5.106.7 -i eth0 -c 1 -w 1 10.5.106.7"],
  [HABETS, "reply", "-U -P -S 10.5.106.7 -i eth0 -c 1 -w 1 10.5.106.7"],
];

for (const [program, question, options] of OPTIONS)
  test(`arping's letters: ${question}, ${program.split("\n").at(-1)}`, () => {
    const { stdout } = bash(
      FILES,
      `arping() { if [[ $* == -V ]]; then printf '%s' "${program}"; [[ '${question}' == no ]]; else echo "$*"; fi; }
       arping_do ${question} 10.5.106.7 eth0 1`,
    );
    assert.equal(stdout, `${options}\n`);
  });

const WHICH: [what: string, answer: string, asked: number][] = [
  ["once for six packets and three questions", `echo '${IPUTILS}'`, 1],
  ["the other program, which says it with a failure", `echo '${HABETS.replace(/'/g, "")}' >&2; return 1`, 1],
  ["again where it did not say it", "echo 'bash: arping: Cannot allocate memory' >&2; return 127", 10],
];
for (const [what, answer, asked] of WHICH)
  test(`which arping it is is asked ${what}`, () => {
    const { stdout, stderr } = bash(
      FILES,
      `F=$(mktemp); trap 'rm -f "$F"' EXIT; arping() { [[ $* == -V ]] || return 0; echo asked >>"$F"; ${answer}; }
       virtualIp_announce 10.5.106.7 eth0; for address in 1 2 3; do arping_do who 10.5.106.$address eth0 1; done; wc -l <"$F"`,
    );
    assert.equal(stdout, `${asked}\n`, stderr);
  });

test("who answers for an address: another one that announces it, too", () => {
  const { stdout } = bash(
    FILES,
    "arping() { printf '%s\\n' 'Broadcast request from 10.5.106.7 [02:00:00:00:00:09]' 'Received 1 request(s)'; }; address_answer 10.5.106.7 eth0 1",
  );
  assert.equal(stdout, "Broadcast request from 10.5.106.7 [02:00:00:00:00:09]\n");
});

type Heard = {
  neighbours: string;
  routes?: string;
  answering?: string[];
  failing?: string[];
  asked: string[];
  code: number;
  says: string | RegExp;
};

const HEARD: [title: string, look: Heard][] = [
  ["a neighbour that answered lately", { neighbours: lines(STALE, REACHABLE), asked: [], code: 0, says: REACHABLE }],
  [
    "a neighbour that answers now",
    { neighbours: lines(STALE), answering: ["10.5.106.9"], asked: ["10.5.106.9"], code: 0, says: "10.5.106.9" },
  ],
  [
    "the gateway, which is no neighbour yet",
    { neighbours: ":", routes: GATEWAY, answering: ["10.0.0.1"], asked: ["10.0.0.1"], code: 0, says: "10.0.0.1" },
  ],
  [
    "three are asked: the gateway once, those with an address of hardware, then the others; the VIP is not",
    {
      neighbours: lines(
        "10.5.106.11 FAILED",
        "10.5.106.7 lladdr 02:00:00:00:00:07 STALE",
        STALE,
        "10.0.0.1 lladdr 02:00:00:00:00:01 STALE",
        "10.5.106.12 INCOMPLETE",
      ),
      routes: GATEWAY,
      asked: ["10.0.0.1", "10.5.106.11", "10.5.106.9"],
      code: 1,
      says: "",
    },
  ],
  ["nobody, and nobody is known", { neighbours: ":", asked: [], code: 1, says: "" }],
  [
    "one answers, and for another arping failed",
    {
      neighbours: lines(STALE),
      routes: GATEWAY,
      answering: ["10.5.106.9"],
      failing: ["10.0.0.1"],
      asked: ["10.0.0.1", "10.5.106.9"],
      code: 0,
      says: "10.5.106.9",
    },
  ],
  [
    "not told, where arping fails",
    {
      neighbours: lines(STALE),
      routes: GATEWAY,
      failing: ["10.0.0.1"],
      asked: ["10.0.0.1", "10.5.106.9"],
      code: 40,
      says: /^error: whether somebody is heard on eth0 of xcatmn1 cannot be told; .*\nevidence: arping on eth0 failed: .*eth0.* is down\n/,
    },
  ],
  [
    "not told, where ip does not show the neighbours",
    {
      neighbours: "echo 'Cannot open netlink socket' >&2; return 1",
      asked: [],
      code: 40,
      says: /\nevidence: ip -4 neigh show dev eth0: Cannot open netlink socket\n/,
    },
  ],
  [
    "not told, where ip does not show the routes",
    {
      neighbours: lines(STALE),
      routes: "echo 'Cannot open netlink socket' >&2; return 1",
      asked: [],
      code: 40,
      says: /\nevidence: ip -4 route show default dev eth0: Cannot open netlink socket\n/,
    },
  ],
];

for (const program of [IPUTILS, HABETS])
  for (const [title, { neighbours, routes, answering, failing, asked, code, says }] of HEARD)
    test(`who is heard on an interface: ${title} (${program === IPUTILS ? "iputils" : "Habets"})`, () => {
      const done = bash(
        FILES,
        `${WANTED}; ${ip(neighbours, routes)}; ${arping(program, answering ?? [], failing)}
         result=0; heard=$(link_is_heard eth0 2>&1) || result=$?; printf '%s\\n' "$result" "$heard"`,
      );
      const [all, questions] = [done.stdout.split("\n"), /^asked /];
      assert.deepEqual(
        all
          .filter((line) => questions.test(line))
          .map((line) => line.slice(6))
          .sort(),
        asked,
      );
      const [result, ...heard] = all.filter((line) => !questions.test(line));
      assert.equal(result, String(code), done.stdout + done.stderr);
      if (says instanceof RegExp) assert.match(heard.join("\n"), says);
      else assert.equal(heard.join("\n"), `${/^[0-9.]+$/.test(says) ? REPLY[program](says) : says}\n`);
    });

const WARNING =
  /^xcatmn1: warning: nobody is heard on eth0, no neighbour and no gateway; VIP 10\.5\.106\.7 is added, where it may reach nobody$/m;
const ADDED = /^ip addr add 10\.5\.106\.7\/8 broadcast \+ dev eth0 label eth0:0$/m;
const NETLINK = "echo 'Cannot open netlink socket' >&2; return 1";

type Taking = {
  neighbours: string;
  answering?: string[];
  failing?: string[];
  code: number;
  says: RegExp;
  not?: RegExp;
};

const TAKING: [title: string, taking: Taking][] = [
  ["free, and somebody is heard", { neighbours: lines(REACHABLE), code: 0, says: ADDED, not: /warning/ }],
  ["free, and nobody is heard: it goes on with a warning", { neighbours: lines(STALE), code: 0, says: WARNING }],
  ["free, and nobody is heard: it is added", { neighbours: lines(STALE), code: 0, says: ADDED }],
  [
    "another machine answers: nothing is added",
    {
      neighbours: lines(REACHABLE),
      answering: ["10.5.106.7"],
      code: 13,
      says: /^error: 02:00:00:00:00:09 answers for the VIP 10\.5\.106\.7; expected nobody before xcatmn1 takes it\. It was not added\nevidence: .*10\.5\.106\.7.*\nnext: ip addr del 10\.5\.106\.7\/8 on that machine \(its other addresses: ip neigh on xcatmn1, 02:00:00:00:00:09\), then run the same pulumi up again$/m,
      not: /ip addr add/,
    },
  ],
  [
    "another machine answers, whatever the others say",
    { neighbours: NETLINK, answering: ["10.5.106.7"], code: 13, says: /answers for the VIP/, not: /ip addr add|heard/ },
  ],
  [
    "arping fails: nothing is added",
    {
      neighbours: lines(REACHABLE),
      failing: ["10.5.106.7"],
      code: 40,
      says: /^error: whether another machine has the VIP 10\.5\.106\.7 cannot be told; .*\nevidence: arping on eth0 failed: .*eth0.* is down$/m,
      not: /ip addr add/,
    },
  ],
  [
    "who is heard cannot be told: nothing is added",
    { neighbours: NETLINK, code: 40, says: /^error: whether somebody is heard on eth0/m, not: /ip addr add/ },
  ],
  [
    "arping fails for the neighbour only: nothing is added",
    {
      neighbours: lines(STALE),
      failing: ["10.5.106.9"],
      code: 40,
      says: /^error: whether somebody is heard on eth0/m,
      not: /ip addr add/,
    },
  ],
];

for (const program of [IPUTILS, HABETS])
  for (const [title, { neighbours, answering, failing, code, says, not }] of TAKING)
    test(`taking the VIP: ${title} (${program === IPUTILS ? "iputils" : "Habets"})`, () => {
      const done = bash(
        FILES,
        `${WANTED}; ${ip(neighbours)}; ${arping(program, answering ?? [], failing)}
         lease_require() { :; }; virtualIp_keep_static() { :; }; virtualIp_announce_beside() { :; }
         virtualIp_apply`,
      );
      const all = done.stdout + done.stderr;
      assert.equal(done.code, code, all);
      assert.match(all, says);
      if (not) assert.doesNotMatch(all, not);
    });

test("taking the VIP: whoever is asked is asked at the same time, and the outage is a second longer", () => {
  const { stdout } = bash(
    FILES,
    `${WANTED}; ${ip(lines(STALE, "10.5.106.10 lladdr 02:00:00:00:00:10 STALE"), GATEWAY)}
     F=$(mktemp -d); trap 'rm -rf "$F"' EXIT
     arping() {
       [[ $* != -V ]] || return 0
       local files
       echo "$*" >"$F/\${@: -1}"
       until files=("$F"/*); ((\${#files[@]} == 4)); do ((SECONDS < 5)) || return 1; done
       echo 'Received 0 response(s)'
     }
     virtualIp_elsewhere; cat "$F"/* | grep -c -- '-c 1 -w 1'`,
  );
  assert.equal(stdout, "unheard\n4\n");
});

const AHEAD: [title: string, ahead: string, counts?: true][] = [
  ["nobody has it", "virtualIp_elsewhere() { echo free; }; virtualIp_ask_ahead", true],
  ["nobody is heard", "virtualIp_elsewhere() { echo unheard; }; virtualIp_ask_ahead", true],
  ["another machine answered", "virtualIp_elsewhere() { echo 'Unicast reply from 10.5.106.7'; }; virtualIp_ask_ahead"],
  ["arping failed", "virtualIp_elsewhere() { echo 'arping on eth0 failed: it said nothing'; }; virtualIp_ask_ahead"],
  ["the question died", "virtualIp_elsewhere() { exit 1; }; virtualIp_ask_ahead"],
  ["its values cannot be read", "load_values() { fail misconfigured a b c; }; virtualIp_ask_ahead"],
  [
    "a copy lay between",
    "virtualIp_elsewhere() { echo free; }; virtualIp_ask_ahead; SECONDS=$((SECONDS + ASKED_SECONDS + 1))",
  ],
  ["nobody asked", ":"],
];
for (const [title, ahead, counts] of AHEAD)
  test(`whether another machine has the VIP, asked ahead: ${title}; ${counts ? "that counts" : "it is asked anew"}`, () => {
    const { code, stderr } = bash(
      FILES,
      `${WANTED}; load_values() { :; }; ${ahead}
       virtualIp_elsewhere() { echo 'Unicast reply from 10.5.106.7 [02:00:00:00:00:09]'; }
       virtualIp_nowhere_else_require`,
    );
    assert.equal(code, counts ? 0 : 13, stderr);
  });

test("a VIP that is here with another label is not asked for: this node would answer", () => {
  const done = bash(
    FILES,
    `${WANTED}; ${arping(IPUTILS, [])}; lease_require() { :; }; virtualIp_drop() { :; }; virtualIp_keep_static() { :; }; virtualIp_add() { echo added; }
     virtualIp_observe() { SEEN[address]='10.5.106.7/8 brd none dev eth0 label eth0'; }; virtualIp_apply`,
  );
  assert.equal(done.stdout, "added\n");
});

const ANNOUNCED = "arping -A\narping -A\narping -A\narping -U\narping -U\narping -U\n";
const HERE = "2: eth0    inet 10.5.106.7/8 brd 10.255.255.255 scope global secondary eth0:0";

const AGAIN: [title: string, addresses: string, said: string][] = [
  ["where it stays", `echo '${HERE}'`, `sleep 0\n${ANNOUNCED}sleep 2\n${ANNOUNCED}sleep 2\n${ANNOUNCED}`],
  ["not where it was dropped", ":", "sleep 0\n"],
  ["not where only a longer address is here", "echo '2: eth0    inet 10.5.106.70/8'", "sleep 0\n"],
  [
    "not where it was dropped meanwhile",
    `[[ ! -e $RUN/looked ]] || return 0; touch "$RUN/looked"; echo '${HERE}'`,
    `sleep 0\n${ANNOUNCED}sleep 2\n`,
  ],
  ["not where that cannot be told", `echo '${HERE}'; return 1`, "sleep 0\n"],
];

for (const [title, addresses, said] of AGAIN)
  test(`the VIP is announced by a unit of its own, three times: ${title}`, () => {
    const { stdout, stderr } = bash(
      FILES,
      `${WANTED}; export RUN=$(mktemp -d); trap 'rm -rf "$RUN"' EXIT
       systemctl() { echo "systemctl $*"; }; systemd-run() { echo "systemd-run $*"; }
       virtualIp_announce_beside | sed "s|$RUN|RUN|"
       ip() { ${addresses}; }; sleep() { sort "$RUN/sent" 2>/dev/null; rm -f "$RUN/sent"; echo "sleep $*"; }
       arping() { [[ $* == -V ]] || echo "arping $1" >>"$RUN/sent"; }
       export -f ip sleep arping
       bash -u "$RUN/announce"; sort "$RUN/sent" 2>/dev/null || true`,
    );
    const started =
      "systemctl stop xcat-ha-announce.service\nsystemd-run --quiet --collect --unit=xcat-ha-announce --property=TimeoutStopSec=2 bash RUN/announce\n";
    assert.deepEqual({ stdout, stderr }, { stdout: started + said, stderr: "" });
  });

test("adding the VIP: where no unit can be started it is announced all the same, once", () => {
  const { stdout } = bash(
    FILES,
    `${WANTED}; export RUN=$(mktemp -d); trap 'rm -rf "$RUN"' EXIT
     ip() { echo "ip $1 $2"; }; systemctl() { :; }; systemd-run() { echo 'Failed to connect to bus' >&2; return 1; }
     sleep() { echo slept; }; arping() { [[ $* == -V ]] || echo "arping $1" >>"$RUN/sent"; }
     virtualIp_add; sort "$RUN/sent"`,
  );
  assert.equal(
    stdout,
    "ip addr add\nxcatmn1: warning: VIP 10.5.106.7 is announced once only: systemd-run could not start xcat-ha-announce\n" +
      `xcatmn1: VIP 10.5.106.7 is here, announced\n${ANNOUNCED}`,
  );
});

test("dropping the VIP ends what announces it first; where it is not here nobody is asked", () => {
  const { stdout } = bash(
    FILES,
    `${WANTED}; systemctl() { echo "systemctl $*"; }; address_drop() { echo "drop $*"; here=; }
     here='${HERE}'; ip() { printf '%s' "$here"; }
     virtualIp_entries() { [[ -z $here ]] || echo '10.5.106.7/8 brd none dev eth0 label eth0:0'; }
     virtualIp_drop 10.5.106.7; virtualIp_drop 10.5.106.7`,
  );
  assert.equal(stdout, "systemctl stop xcat-ha-announce.service\ndrop 10.5.106.7/8 eth0\n");
});

/** On eth0 of a network of its own with one other machine, by the kernel and whatever arping is here. */
function onANetwork(other: string[], script: string) {
  const setUp = [
    "set -Eeuo pipefail; shopt -s inherit_errexit; declare -A BEFORE=()",
    sourced(...FILES),
    WANTED,
    "lease_require() { :; }; networkmanager_forget() { :; }; systemctl() { :; }; virtualIp_announce_beside() { :; }",
    "ip link set lo up; ip link add eth0 type veth peer name other",
    'unshare --net sleep 30 & other=$!; trap "kill $other" EXIT',
    // A look that fails is not "another one": the device would stay here.
    "own=$(readlink /proc/$$/ns/net)",
    'until there=$(readlink "/proc/$other/ns/net") && [[ $there != "$own" ]]; do ((SECONDS < 60)); done',
    "ip link set other netns $other; ip link set eth0 up",
    "on_other() { nsenter -t $other --net -- $*; }; on_other ip link set other up",
    ...other.map((address) => `on_other ip addr add ${address} dev other`),
    "for key in all default eth0; do sysctl -qw net.ipv4.conf.$key.promote_secondaries=0; done",
    "shown() { ip -o -4 addr show dev eth0 | awk '{ print $4 }' | paste -sd' '; }",
  ];
  const done = spawnSync(
    "unshare",
    [...(process.getuid?.() === 0 ? [] : ["--map-root-user"]), "--net", "bash", "-c", [...setUp, script].join("\n")],
    { encoding: "utf8", cwd: join(__dirname, "../..") },
  );
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

test("by the kernel: another machine has the VIP, and nothing is added", () => {
  const { code, stdout, stderr } = onANetwork(
    ["10.5.106.7/8"],
    "ip addr add 10.5.106.70/8 dev eth0; on_other ip -o link show dev other; (virtualIp_apply) || shown",
  );
  assert.equal(code, 0, stderr);
  const [link, left] = stdout.trim().split("\n");
  const mac = /link\/ether (\S+)/.exec(link)?.[1];
  assert.match(stderr.toLowerCase(), new RegExp(`^error: ${mac} answers for the vip 10\\.5\\.106\\.7; `));
  assert.equal(left, "10.5.106.70/8");
});

test("by the kernel: another machine is heard, and the VIP is added; it goes, and the static address stays", () => {
  const { code, stdout, stderr } = onANetwork(
    ["10.5.106.9/8"],
    `ip neigh add 10.5.106.9 lladdr 02:00:00:00:00:09 dev eth0 nud stale
     virtualIp_apply; shown; virtualIp_drop 10.5.106.7; shown`,
  );
  assert.deepEqual(
    { code, stdout, stderr },
    {
      code: 0,
      stdout: "xcatmn1: VIP 10.5.106.7 is here, announced\n10.5.106.70/8 10.5.106.7/8\n10.5.106.70/8\n",
      stderr: "",
    },
  );
});

test("by the kernel: the VIP is the first address of its subnet, from which the node would send: seen, and repaired", () => {
  const { code, stdout, stderr } = onANetwork(
    ["10.5.106.9/8"],
    `ip addr add 10.5.106.7/8 broadcast + dev eth0 label eth0:0; ip addr add 10.5.106.70/8 broadcast + dev eth0
     from() { ip -o route get 10.5.106.9 | grep -o 'src [0-9.]*'; }
     WANT[address]='10.5.106.7/8 brd 10.255.255.255 dev eth0 label eth0:0'; declare -A SEEN=(); seen_as_told() { :; }
     from; virtualIp_observe; echo "\${SEEN[address]}"; virtualIp_apply; from; virtualIp_observe; echo "\${SEEN[address]}"`,
  );
  assert.deepEqual(
    { code, stdout, stderr },
    {
      code: 0,
      stdout:
        "src 10.5.106.7\n10.5.106.7/8 brd 10.255.255.255 dev eth0 label eth0:0, the first of its subnet: what xcatmn1 sends carries it\n" +
        "xcatmn1: VIP 10.5.106.7 is here, announced\nsrc 10.5.106.70\n10.5.106.7/8 brd 10.255.255.255 dev eth0 label eth0:0\n",
      stderr: "",
    },
  );
});

test("by the kernel: the VIP was the first address of its subnet, and the static one stays when it is dropped", () => {
  const { code, stdout, stderr } = onANetwork(
    [],
    `ip addr add 10.5.106.7/8 broadcast + dev eth0 label eth0:0; ip addr add 10.5.106.70/8 broadcast + dev eth0; shown
     virtualIp_drop 10.5.106.7; shown`,
  );
  assert.deepEqual(
    { code, stdout, stderr },
    { code: 0, stdout: "10.5.106.7/8 10.5.106.70/8\n10.5.106.70/8\n", stderr: "" },
  );
});
