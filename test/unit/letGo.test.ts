// A node is let go, and a pair dissolved: what the node decides by itself for every `remove`, on a share and a /proc of files, with
// stand-ins for systemd, the network and rsync's machine.
import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { bash, LEASE_LIBRARIES, LINKS_LIBRARIES, nodeFiles, SERVICES_LIBRARIES } from "../helpers/bash";
import { scratch } from "../helpers/scratch";

const BOOT = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
const NODES = { xcatmn1: "1".repeat(32), xcatmn2: "2".repeat(32) };
const LEASE = "share/.xcat-ha/epoch";

const at = scratch("let-go", "share/xcat", "share/pgsql/data", LEASE, "records", "guards");
const read = (...names: string[]) => readFileSync(at(...names), "utf8");

beforeEach(() => {
  writeFileSync(at("share/xcat/cfgloc"), "Pg:\n");
  symlinkSync(at("share/xcat"), at("xcat"));
  symlinkSync(at("share/pgsql"), at("pgsql"));
  writeFileSync(at("records/units"), "postgresql active enabled\nxcatd active enabled\ndhcpd inactive disabled\n");
  mkdirSync(at("config"));
  writeFileSync(at("program"), "");
});

function epoch(number: number, node: keyof typeof NODES, marks: string[] = [], boot = BOOT, lines = "") {
  const name = String(number).padStart(6, "0");
  writeFileSync(
    at(LEASE, `${name}.owner`),
    `node ${node}\nmachine ${NODES[node]}\nboot ${boot}\ntime noon\norigin program\nformat 1\n${lines}`,
  );
  for (const mark of marks) writeFileSync(at(LEASE, `${name}.${mark}`), "");
}

function stepAside() {
  for (const name of ["xcat", "pgsql"]) {
    mkdirSync(at(`${name}.bak`));
    writeFileSync(at(`${name}.bak/mine`), "");
  }
  writeFileSync(at("records/aside"), ["xcat", "pgsql"].map((name) => `${at(name)} ${at(name)}.bak\n`).join(""));
}

const PROGRAMS = [...LEASE_LIBRARIES, "files", "observe", "platform", "units", "processes", "localFiles"];
const PARTS = [
  ...LINKS_LIBRARIES,
  ...SERVICES_LIBRARIES,
  "records",
  "nodeProgram",
  "guard",
  "startGuard",
  "ownerLease",
];
// The records of the node program are constants there: here they are below $F.
const MOVED = {
  "/usr/local/sbin/xcat-ha": "program",
  "/etc/xcat-ha": "config",
  "/etc/profile.d/xcat-ha.sh": "login",
  "/var/lib/xcat-ha": "records",
};
const node = mkdtempSync(join(tmpdir(), "xcat-ha-let-go-node-"));
after(() => rmSync(node, { recursive: true }));
writeFileSync(
  join(node, "program.sh"),
  nodeFiles(...PROGRAMS, ...PARTS)
    .map((file) => readFileSync(join(__dirname, "../..", file), "utf8"))
    .join("\n")
    .replace(/(?<==)\/[\w./-]+$/gm, (path) => (path in MOVED ? `$F/${MOVED[path as keyof typeof MOVED]}` : path)),
);

/** Runs functions of the node program on xcatmn1; what systemd is told stands in `told`. */
function onNode(script: string, { restoreFrom = "aside" } = {}) {
  const done = bash(
    [],
    `F='${at()}'
     source '${node}/program.sh'
     NODE=xcatmn1 PEER=xcatmn2 VIP=10.5.106.7 SHARE=$F/share UNITS=(postgresql xcatd dhcpd) HOST_NAMES= ROLE=
     declare -A WANT=([$F/xcat]="-> $F/share/xcat" [/var/lib/pgsql]="-> $F/share/pgsql" [restoreFrom]=${restoreFrom}) LEASE=()
     machine_id() { echo ${NODES.xcatmn1}; }
     share_state() { echo ok; }
     path_of() { echo "\${1/#\\/var\\/lib/$F}"; }; manual_path() { echo "\${1/#$F\\/pgsql//var/lib/pgsql}"; }
     directories_wanted() { WANT=([$F/xcat]="-> $F/share/xcat" [/var/lib/pgsql]="-> $F/share/pgsql"); }
     units_of() { echo "$1"; }; unit_of() { echo "$1"; }; unit_exists() { :; }; unit_state() { echo inactive; }
     guard_file() { echo "$F/guards/$1/xcat-ha.conf"; }; guarded_units() { mapfile -t GUARDED < <(ls "$F/guards"); }
     load_values() { if [[ $2 == startGuard ]]; then WANT=([postgresql]=guarded); else WANT=([interface]=eth0); fi; }
     local_files() { case $1 in dhcpd) printf '%s\n' "$F/etc/dhcpd.conf" "$F/etc/dhcpd.leases" ;; named) printf '%s\n' "$F/etc/zones/db.*" ;; esac; }
     units_disable() { :; }
     unit_stop() { echo "$1 is stopped" >>"$F/told"; }; unit_enabled() { echo "not enabled"; }
     beat_remove() { :; }; quiesce() { echo "quiesced" >>"$F/told"; }; prove_stopped() { :; }; database_state() { echo 'shut down'; }
     virtual_ip_answer() { echo free; }; virtualIp_is_here() { false; }; virtualIp_add() { echo "the VIP is here" >>"$F/told"; }
     systemctl() { echo "systemctl $*" | sed 's/ --quiet//; s/ --//' >>"$F/told"; }
     ${script}`,
    "",
    { alone: true },
  );
  return { ...done, told: existsSync(at("told")) ? read("told") : "" };
}

/** The function by another name, to be called from what stands in for it. */
const renamed = (name: string, as: string) => `eval "$(declare -f ${name} | sed '1s/.*/${as}()/')"`;

/** As `pulumi destroy` goes: the links, then the node program; every part asks whether it may go. */
const DESTROY = `let_go_require; sharedDataLinks_remove; startGuard_remove; let_go_require; WANT[stack]=xcat-ha/primary; nodeProgram_remove`;
function guard() {
  mkdirSync(at("guards/postgresql"));
  writeFileSync(at("guards/postgresql/xcat-ha.conf"), "");
}
const guarded = () => existsSync(at("guards/postgresql/xcat-ha.conf"));
const links = () => ["xcat", "pgsql"].filter((name) => lstatSync(at(name)).isSymbolicLink());

test("let go beside an owner: the own directories come back, the guard goes, nothing starts, and it is said", () => {
  epoch(3, "xcatmn2");
  stepAside();
  guard();
  const { code, stdout, stderr, told } = onNode(DESTROY);
  assert.equal(code, 0, stderr);
  assert.deepEqual(links(), []);
  assert.ok(existsSync(at("pgsql/mine")) && existsSync(at("share/pgsql/data")));
  // Stopped before its guard goes: systemd tries a start again that was refused.
  assert.equal(
    told,
    "quiesced\npostgresql is stopped\nsystemctl reset-failed postgresql.service\nsystemctl daemon-reload\n",
  );
  assert.match(stdout, /not started, whatever ran here before the pair: postgresql xcatd dhcpd \(epoch 3 is held by/);
  assert.match(stdout, /to use xcatmn1 for something else: mv \/etc\/xcat \/etc\/xcat\.old first/);
  assert.ok(!guarded());
  assert.ok(!existsSync(at("program")) && !existsSync(at("records")) && !existsSync(at("config")));
});

const CONF = "etc/dhcpd.conf";
const LEASES = "etc/dhcpd.leases";
const copy = (name: string) => at("records/found/files", at(), name);

/** What the services of xcatmn1 served out of: as it was found, kept before the first change, and as it is now; a name without text is not there. */
function served(found: Record<string, string> | undefined, now: Record<string, string>) {
  epoch(3, "xcatmn2");
  stepAside();
  guard();
  mkdirSync(at("etc"));
  for (const [name, text] of Object.entries(now)) {
    mkdirSync(dirname(at(name)), { recursive: true });
    writeFileSync(at(name), text);
  }
  if (found === undefined) return;
  mkdirSync(copy("etc/zones"), { recursive: true });
  for (const [name, text] of Object.entries(found)) writeFileSync(copy(name), text);
  writeFileSync(
    at("records/found/patterns"),
    `dhcpd ${at(CONF)}\ndhcpd ${at(LEASES)}\nnamed ${at("etc/zones/db.*")}\n`,
  );
}

const ZONE = "etc/zones/db.cluster.com";
/** What is there behind the destroy, and what it said. */
const PUT_BACK: [
  title: string,
  found: Record<string, string>,
  now: Record<string, string>,
  left: Record<string, string>,
  said: RegExp[],
][] = [
  [
    "what the pair wrote stands beside what was found",
    { [CONF]: "mine\n", [LEASES]: "" },
    { [CONF]: "authoritative;\n", [LEASES]: "host cn1 { }\n" },
    {
      [CONF]: "mine\n",
      [`${CONF}.xcat-ha-pair`]: "authoritative;\n",
      [LEASES]: "",
      [`${LEASES}.xcat-ha-pair`]: "host cn1 { }\n",
    },
    [
      /^xcatmn1: dhcpd: its files are as they were found before the pair; .*: \S*dhcpd\.conf\.xcat-ha-pair, \S*dhcpd\.leases\.xcat-ha-pair$/m,
    ],
  ],
  [
    "what was not there before the pair is moved away",
    {},
    { [CONF]: "authoritative;\n" },
    { [`${CONF}.xcat-ha-pair`]: "authoritative;\n" },
    [/dhcpd: its files are as they were found/],
  ],
  ["what is gone is put back", { [CONF]: "mine\n" }, {}, { [CONF]: "mine\n" }, []],
  [
    "what nobody has changed stays, and nothing is said of it",
    { [CONF]: "mine\n" },
    { [CONF]: "mine\n" },
    { [CONF]: "mine\n" },
    [],
  ],
  [
    "zones: of xCAT's names in that directory, those that were found; nothing that a former let-go has put aside",
    { [ZONE]: "mine\n", "etc/zones/db.gone": "mine\n" },
    {
      [ZONE]: "the pair's\n",
      "etc/zones/db.10": "the pair's\n",
      "etc/zones/named.ca": "root\n",
      [`${ZONE}.xcat-ha-pair`]: "old\n",
    },
    {
      [ZONE]: "mine\n",
      [`${ZONE}.xcat-ha-pair`]: "old\n",
      [`${ZONE}.xcat-ha-pair.1`]: "the pair's\n",
      "etc/zones/db.10.xcat-ha-pair": "the pair's\n",
      "etc/zones/db.gone": "mine\n",
      "etc/zones/named.ca": "root\n",
    },
    [
      /^xcatmn1: named: its files are as they were found before the pair; .*: \S*db\.10\.xcat-ha-pair, \S*db\.cluster\.com\.xcat-ha-pair\.1$/m,
    ],
  ],
];
const NAMED = "UNITS=(postgresql xcatd dhcpd named)";
for (const [title, found, now, left, said] of PUT_BACK)
  test(`let go, and harmless: ${title}`, () => {
    served(found, now);
    const { code, stdout, stderr } = onNode(`${NAMED}; ${DESTROY}`);
    assert.equal(code, 0, stderr);
    const there = readdirSync(at("etc"), { recursive: true, encoding: "utf8" });
    assert.deepEqual(
      Object.fromEntries(
        there.filter((name) => lstatSync(at("etc", name)).isFile()).map((name) => [`etc/${name}`, read("etc", name)]),
      ),
      left,
    );
    for (const line of said) assert.match(stdout, line);
    if (said.length === 0) assert.doesNotMatch(stdout, /^xcatmn1: (dhcpd|named)/m);
    assert.doesNotMatch(stdout, /stays disabled/);
    assert.ok(!existsSync(at("records")));
  });

const NOT_TOLD: [title: string, script: string, said: RegExp, keeps?: false][] = [
  [
    "the copy cannot be read",
    `cat() { [[ $* != *found/patterns ]] || { echo "cat: Input/output error" >&2; return 1; }; command cat "$@"; }`,
    /what was found cannot be read \(cat: Input\/output error\)/,
  ],
  [
    "they cannot be compared",
    `cmp() { echo "cmp: Input/output error" >&2; return 2; }`,
    /dhcpd\.conf: cmp: Input\/output error/,
  ],
  ...["$F", "$F/records/found/files$F"].map((root): [string, string, RegExp] => [
    `${root} cannot be looked at`,
    `stat() { [[ $* != *" ${root}/etc/dhcpd.conf" ]] || { echo "stat: Input/output error" >&2; return 1; }; command stat "$@"; }`,
    /dhcpd\.conf: stat: Input\/output error/,
  ]),
  [
    "one cannot be moved",
    `mv() { [[ $* != *dhcpd.conf.xcat-ha-pair ]] || { echo "mv: Operation not permitted" >&2; return 1; }; command mv "$@"; }`,
    /dhcpd\.conf: mv: Operation not permitted/,
  ],
  [
    "the disk is full",
    `cp() { echo "cp: No space left on device" >&2; return 1; }`,
    /dhcpd\.conf: cp: No space left on device/,
  ],
  [
    "one is a link by now",
    `mv $F/etc/dhcpd.conf $F/real; ln -s $F/real $F/etc/dhcpd.conf`,
    /dhcpd\.conf: it is no plain file/,
  ],
  [
    "another file was asked for than the one that was kept",
    `sed -i s/dhcpd.conf/other.conf/ $F/records/found/patterns`,
    /dhcpd\.conf: how it was found was not kept/,
  ],
  [
    "whether it runs cannot be told",
    `unit_state() { echo unknown; }`,
    /dhcpd\.leases: whether it runs cannot be told, so they were not touched/,
  ],
  [
    "xcat-ha kept no copy when this node joined",
    `rm -r $F/records/found`,
    /how they were found was not kept before this node became one of the pair/,
    false,
  ],
];
for (const [title, script, said, keeps = true] of NOT_TOLD)
  test(`let go, ${title}: that is not "as found": the file stays, the service is disabled, and it is said with what to do`, () => {
    served({ [CONF]: "mine\n", [LEASES]: "" }, { [CONF]: "authoritative;\n", [LEASES]: "" });
    const { code, stdout, stderr, told } = onNode(`${script}\n${DESTROY}`);
    assert.equal(code, 0, stderr);
    assert.equal(read(CONF), "authoritative;\n");
    assert.match(stdout, /^xcatmn1: dhcpd stays disabled, and its files may be the cluster's still: /m);
    assert.match(stdout, said);
    assert.match(
      stdout,
      /^xcatmn1: before systemctl enable --now dhcpd on xcatmn1: look at them, and move away what serves the cluster$/m,
    );
    assert.doesNotMatch(told, /systemctl (enable|start)/);
    assert.deepEqual(existsSync(at("records")) ? readdirSync(at("records")) : [], keeps ? ["found"] : []);
    assert.equal(stdout.includes("what was found before the pair stays in"), keeps);
    assert.ok(!existsSync(at("program")) && !guarded());
  });

test("let go: what runs without a guard is no service of the pair: its files are in use, and stay", () => {
  served({ [CONF]: "mine\n" }, { [CONF]: "changed since\n" });
  const { code, stderr } = onNode(`unit_state() { echo active; }; ${DESTROY}`);
  assert.equal(code, 0, stderr);
  assert.equal(read(CONF), "changed since\n");
});

test("let go, with local directories already: what was enabled meanwhile is disabled before its guard goes", () => {
  served({}, {});
  for (const name of ["xcat", "pgsql"]) {
    rmSync(at(name));
    mkdirSync(at(name));
  }
  const { code, stderr, told } = onNode(`units_disable() { echo "disabled: $*" >>"$F/told"; }; ${DESTROY}`);
  assert.equal(code, 0, stderr);
  assert.match(told, /^disabled: postgresql xcatd dhcpd\npostgresql is stopped\n/);
});

test("let go: a service that cannot be disabled keeps the guard", () => {
  served({ [CONF]: "mine\n" }, { [CONF]: "authoritative;\n" });
  for (const name of ["xcat", "pgsql"]) {
    rmSync(at(name));
    mkdirSync(at(name));
  }
  const { code, stderr } = onNode(`unit_enabled() { echo enabled; }; ${DESTROY}`);
  assert.equal(code, 13, stderr);
  assert.match(stderr, /postgresql starts at the next boot of xcatmn1; expected it disabled before xcatmn1 is let go/);
  assert.ok(guarded() && existsSync(at("program")));
});

test("the last owner, who takes the data home, keeps the files of its services as they are", () => {
  epoch(3, "xcatmn1", ["releasing", "released"]);
  guard();
  mkdirSync(copy("etc"), { recursive: true });
  mkdirSync(at("etc"));
  writeFileSync(copy(CONF), "before the pair\n");
  writeFileSync(at(CONF), "authoritative;\n");
  writeFileSync(at("records/found/patterns"), `dhcpd ${at(CONF)}\n`);
  const { code, stderr, told } = onNode(
    `copy_directory() { mkdir -p "$2"; cp -a -- "$1/." "$2/"; }; differences() { :; }; ${DESTROY}`,
    { restoreFrom: "shared" },
  );
  assert.equal(code, 0, stderr);
  assert.match(told, /systemctl start xcatd\.service/);
  assert.deepEqual(readdirSync(at("etc")), ["dhcpd.conf"]);
  assert.equal(read(CONF), "authoritative;\n");
});

for (const [title, spoil] of [
  ["no local copy of the database", () => rmSync(at("pgsql.bak"), { recursive: true })],
  ["no record of what stepped aside", () => rmSync(at("records/aside"))],
] as const)
  test(`${title}: the link stays, so do the guard, the program and what it needs; nothing starts`, () => {
    epoch(3, "xcatmn2");
    stepAside();
    guard();
    writeFileSync(at("config/stack"), "xcat-ha/primary\n");
    spoil();
    const { code, stdout, stderr, told } = onNode(DESTROY);
    assert.equal(code, 0, stderr);
    assert.ok(links().includes("pgsql"));
    assert.equal(told, "quiesced\n");
    assert.match(stdout, /still on the shared data, without a local copy to put back: .*\/pgsql -> .*\/share\/pgsql/);
    assert.match(stdout, /so these stay stopped, and the start guard .* stay with them: postgresql xcatd dhcpd/);
    assert.match(stdout, /then on xcatmn1: xcat-ha remove nodeProgram/);
    assert.ok(guarded() && existsSync(at("program")) && existsSync(at("records/units")));
    assert.ok(!existsSync(at("config/stack")));
  });

test("what is no link of ours and leads to the share all the same keeps the guard too: a data directory below a local one", () => {
  epoch(3, "xcatmn2");
  stepAside();
  guard();
  rmSync(at("pgsql.bak/mine"));
  symlinkSync(at("share/pgsql/data"), at("pgsql.bak/data"));
  const { stdout, told } = onNode(DESTROY);
  assert.match(stdout, /still on the shared data, .*\/pgsql\/data -> .*\/share\/pgsql\/data/);
  assert.ok(guarded());
  assert.equal(told, "quiesced\n");
});

for (const [title, lease] of [
  ["the owner", () => epoch(3, "xcatmn1")],
  ["an owner that has begun to release", () => epoch(3, "xcatmn1", ["releasing"])],
  ["an owner that was rebooted", () => epoch(3, "xcatmn1", [], "another-boot")],
] as const)
  test(`${title} is not let go, whatever is left of the graph`, () => {
    lease();
    stepAside();
    const { code, stderr, told } = onNode(DESTROY);
    assert.equal(code, 10);
    assert.match(
      stderr,
      /^error: xcatmn1 holds the owner lease; expected a node that is not active before it is let go/,
    );
    assert.deepEqual([links(), told], [["xcat", "pgsql"], ""]);
  });

for (const [title, spoil, seen] of [
  [
    "a share that hangs",
    `share_state() { echo 'hangs: no answer within 10 s'; }`,
    /share on xcatmn1 hangs: no answer within 10 s; expected to know who owns the shared data/,
  ],
  [
    "epochs that cannot be read",
    `rm -r "$SHARE/.xcat-ha/epoch"; touch "$SHARE/.xcat-ha/epoch"`,
    /the owner lease in .* cannot be read/,
  ],
  [
    "a mark that cannot be looked at",
    `ln -s dissolved "$SHARE/.xcat-ha/dissolved"`,
    /dissolved cannot be read on xcatmn1; [^\n]*\nevidence: cat: .*: Too many levels of symbolic links/,
  ],
  [
    "a mark that is there and cannot be read",
    `mkdir "$SHARE/.xcat-ha/dissolved"`,
    /dissolved cannot be read on xcatmn1; expected to know who took the data home/,
  ],
] as const)
  test(`${title}: nobody is let go, nothing starts, no link and no guard goes`, () => {
    epoch(3, "xcatmn2");
    stepAside();
    guard();
    const { code, stderr, told } = onNode(`${spoil}\n${DESTROY}`);
    assert.equal(code, 40, stderr);
    assert.match(stderr, seen);
    assert.deepEqual([links(), told], [["xcat", "pgsql"], ""]);
    assert.ok(guarded());
  });

test("dissolved: under a final epoch until the share says that it is old; then the services start, the guard is gone", () => {
  epoch(3, "xcatmn1", ["releasing", "released"]);
  guard();
  const { code, stdout, stderr, told } = onNode(
    `copy_directory() { echo "copied under: $(cat $SHARE/.xcat-ha/epoch/000004.owner | tail -n 1)" >>"$F/told"; mkdir -p "$2"; cp -a -- "$1/." "$2/"; }
     ${renamed("dissolved_publish", "published")}; dissolved_publish() { ls "$SHARE/.xcat-ha/epoch" | grep -c 000004.released >>"$F/told" || true; published; }
     ${DESTROY}`,
    { restoreFrom: "shared" },
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(links(), []);
  assert.equal(read("xcat/cfgloc"), "Pg:\n");
  assert.match(read("share/.xcat-ha/dissolved"), /^xcatmn1 \d{4}-/);
  assert.deepEqual(
    readdirSync(at(LEASE)).filter((name) => name.startsWith("000004")),
    ["000004.owner", "000004.released", "000004.releasing"],
  );
  assert.deepEqual(told.split("\n").slice(0, -1), [
    "quiesced",
    "copied under: dissolving yes",
    "copied under: dissolving yes",
    "0",
    "the VIP is here",
    "postgresql is stopped",
    "systemctl reset-failed postgresql.service",
    "systemctl daemon-reload",
    "systemctl enable postgresql.service",
    "systemctl start postgresql.service",
    "systemctl enable xcatd.service",
    "systemctl start xcatd.service",
  ]);
  assert.match(stdout, /not started, because it did not run before the pair: dhcpd/);
});

const COPY = `copy_directory() { mkdir -p "$2"; cp -a -- "$1/." "$2/"; }`;
for (const [title, spoil, code, seen] of [
  [
    "rsync dies while it compares",
    `rsync() { return 137; }; ${COPY}`,
    20,
    /could not be compared: rsync ended with 137/,
  ],
  [
    "the copy is not the same",
    `rsync() { echo '>fcst...... data/1'; }; ${COPY}`,
    20,
    /the copy of .*\/share\/.* is not the same as the original; .* stays a link/,
  ],
  [
    "rsync dies while it copies",
    `rsync() { return 12; }; copy_progress() { cat >/dev/null; }`,
    20,
    /copying .* failed: rsync ended with 12/,
  ],
  [
    "which directories there are cannot be told",
    `${renamed("linked_directories", "listed")}; linked_directories() { [[ " \${FUNCNAME[*]} " != *" take_home "* ]] && listed; }; ${COPY}; differences() { :; }`,
    1,
    /^/,
  ],
  [
    "the share takes no mark",
    `${COPY}; differences() { :; }; ${renamed("share_publish", "publish")}; share_publish() { [[ $2 != dissolved ]] && publish "$@"; }`,
    20,
    /the share did not take the mark that its data is old; .*the links are as they were/,
  ],
  [
    "the share takes no mark of the release",
    `${COPY}; differences() { :; }; ${renamed("share_publish", "publish")}; share_publish() { [[ $2 != *.releasing ]] && publish "$@"; }`,
    20,
    /the share did not take the mark that epoch 000004 is being released; .*nothing was copied/,
  ],
  [
    "whether another machine has the VIP cannot be asked",
    `virtual_ip_answer() { echo 'arping on eth0 failed: arping: Interface eth0 is not up'; }; ${COPY}`,
    40,
    /whether another machine has the VIP 10\.5\.106\.7 cannot be told/,
  ],
  [
    "another machine has the VIP",
    `virtual_ip_answer() { echo 'reply from 10.5.106.7 [02:00:00:00:00:09]'; }; ${COPY}`,
    10,
    /another machine answers for the VIP 10\.5\.106\.7/,
  ],
] as const)
  test(`dissolving, ${title}: an error, no link goes, nothing starts, and no other node may claim`, () => {
    epoch(3, "xcatmn1", ["releasing", "released"]);
    guard();
    const done = onNode(`${spoil}\n${DESTROY}`, { restoreFrom: "shared" });
    assert.equal(done.code, code, done.stderr);
    assert.match(done.stderr, seen);
    assert.deepEqual([links(), done.told], [["xcat", "pgsql"], "quiesced\n"]);
    assert.ok(!existsSync(at("share/.xcat-ha/dissolved")));
    if (!existsSync(at(LEASE, "000004.owner"))) return;
    const { code: claimed, stderr } = onNode(`NODE=xcatmn2; machine_id() { echo ${NODES.xcatmn2}; }; lease_claim 60`);
    assert.equal(claimed, 12, stderr);
    assert.match(
      stderr,
      /epoch 4 is held by xcatmn1 .* which dissolves the pair and takes the data home; xcatmn2 waited \d s/,
    );
  });

test("a dissolving that was cut goes on with its own final epoch, and finishes a link whose copy was not in place yet", () => {
  epoch(3, "xcatmn1", ["releasing", "released"]);
  epoch(4, "xcatmn1", ["releasing"], BOOT, "dissolving yes\n");
  const script = `${COPY}; differences() { :; }; ${DESTROY}`;
  writeFileSync(at("share/.xcat-ha/dissolved"), "xcatmn1 noon\n");
  rmSync(at("xcat"));
  for (const name of ["xcat", "pgsql"]) mkdirSync(at(`${name}.xcat-ha-copy`));
  // Whatever the description asks for by now.
  const { code, stderr } = onNode(script, { restoreFrom: "aside" });
  assert.equal(code, 0, stderr);
  assert.deepEqual(links(), []);
  assert.ok(existsSync(at(LEASE, "000004.released")));
  assert.ok(!existsSync(at(LEASE, "000005.owner")));
});

test("the data goes home to its last owner only, and to nobody where it is home already", () => {
  epoch(3, "xcatmn2", ["releasing", "released"]);
  const other = onNode(DESTROY, { restoreFrom: "shared" });
  assert.equal(other.code, 10);
  assert.match(other.stderr, /the data should go home to xcatmn1 \(restoreFrom: shared\), but xcatmn2 had it last/);
  writeFileSync(at("share/.xcat-ha/dissolved"), "xcatmn2 noon\n");
  const claimed = onNode("lease_claim 0");
  assert.equal(claimed.code, 10);
  assert.match(claimed.stderr, /the pair was dissolved: xcatmn2 took the data back at noon/);
});

test("a node that was never linked has nothing to take home: no epoch, no mark", () => {
  epoch(3, "xcatmn1", ["releasing", "released"]);
  for (const name of ["xcat", "pgsql"]) {
    rmSync(at(name));
    mkdirSync(at(name));
  }
  const { code, stderr, told } = onNode(DESTROY, { restoreFrom: "shared" });
  assert.equal(code, 0, stderr);
  assert.equal(told, "systemctl daemon-reload\n");
  assert.ok(!existsSync(at("share/.xcat-ha/dissolved")) && !existsSync(at(LEASE, "000004.owner")));
});

test("a description without directories is not a node without links: nothing starts, the guard stays", () => {
  epoch(3, "xcatmn2");
  guard();
  const { code, stderr, told } = onNode("directories_wanted() { WANT=(); }; let_go_require; nodeProgram_remove");
  assert.equal(code, 40);
  assert.match(stderr, /the directories that are linked on xcatmn1 are not known/);
  assert.deepEqual([told, guarded()], ["", true]);
});

test("a description without directories is not a node whose directories are all linked", () => {
  const { stdout, stderr } = onNode("WANT=(); links_state");
  assert.equal(stdout, "unknown\n", stderr);
});

test("nobody claims where the share cannot be asked whether the pair was dissolved", () => {
  epoch(3, "xcatmn2", ["releasing", "released"]);
  const { code, stderr } = onNode(
    "mktemp() { return 1; }; export -f mktemp; lease_read() { declare -gA LEASE=([is]=released [epoch]=000003); }; lease_claim 0",
  );
  assert.equal(code, 40);
  assert.match(stderr, /\.xcat-ha takes no file on xcatmn1; expected to ask the share whether the pair was dissolved/);
});

test("let go: what comes back is what was there before the first link, not what a package put over it later", () => {
  epoch(3, "xcatmn2");
  stepAside();
  mkdirSync(at("pgsql.bak.1"));
  writeFileSync(at("records/aside"), `${read("records/aside")}${at("pgsql")} ${at("pgsql.bak.1")}\n`);
  const { code, stderr } = onNode(DESTROY);
  assert.equal(code, 0, stderr);
  assert.ok(existsSync(at("pgsql/mine")) && existsSync(at("pgsql.bak.1")));
});

for (const tool of ["chown", "chmod"])
  test(`a ${tool} of the shared data directory that fails ends the step`, () => {
    epoch(3, "xcatmn1");
    const { code, stdout } = onNode(
      `${tool}() { echo "${tool}: Operation not permitted" >&2; return 1; }; WANT[/var/lib/pgsql:owner]='root:root 711'; share_remember() { :; }
       sharedDataLinks_apply; echo 'went on'`,
    );
    assert.equal(code, 1);
    assert.equal(stdout, "");
  });

test("a cut between the link and what stepped aside is mended by the next destroy", () => {
  epoch(3, "xcatmn2");
  stepAside();
  rmSync(at("pgsql"));
  const { code, stderr } = onNode(DESTROY);
  assert.equal(code, 0, stderr);
  assert.ok(existsSync(at("pgsql/mine")));
});

test("the pair was dissolved by the other node: this one is let go with its own directories, and without the VIP", () => {
  epoch(4, "xcatmn2", ["releasing", "released"], BOOT, "dissolving yes\n");
  writeFileSync(at("share/.xcat-ha/dissolved"), "xcatmn2 noon\n");
  stepAside();
  const { code, stderr, told } = onNode(DESTROY, { restoreFrom: "shared" });
  assert.equal(code, 0, stderr);
  assert.deepEqual([links(), told], [[], "quiesced\nsystemctl daemon-reload\n"]);
  assert.ok(existsSync(at("pgsql/mine")));
});

for (const [title, spoil] of [
  ["a link by another name", () => symlinkSync(`${at()}/share/./pgsql`, at("pgsql"))],
  ["a local directory", () => mkdirSync(at("pgsql"))],
] as const)
  test(`dissolving where not all is linked, ${title}: refused, because the mark makes all of the share old`, () => {
    epoch(3, "xcatmn1", ["releasing", "released"]);
    rmSync(at("pgsql"));
    spoil();
    const { code, stderr } = onNode(DESTROY, { restoreFrom: "shared" });
    assert.equal(code, 30);
    assert.match(stderr, /not all shared directories are linked on xcatmn1 as they should be \(some\)/);
    assert.ok(!existsSync(at("share/.xcat-ha/dissolved")) && !existsSync(at(LEASE, "000004.owner")));
  });

test("a copy that is not in its place although the data is home: nothing starts on another directory of that name", () => {
  epoch(4, "xcatmn1", ["releasing", "released"], BOOT, "dissolving yes\n");
  writeFileSync(at("share/.xcat-ha/dissolved"), "xcatmn1 noon\n");
  guard();
  for (const name of ["xcat", "pgsql"]) {
    rmSync(at(name));
    mkdirSync(at(name));
  }
  mkdirSync(at("pgsql.xcat-ha-copy"));
  const { code, stderr, told } = onNode(DESTROY, { restoreFrom: "shared" });
  assert.equal(code, 20);
  assert.match(stderr, /what was taken home is not in its place: .*\/pgsql\.xcat-ha-copy; /);
  assert.deepEqual([told, guarded()], ["", true]);
});

test("a node built by hand that never had an epoch is left as it was found", () => {
  const { code, stdout, stderr, told } = onNode("let_go_require; nodeProgram_remove");
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stdout, /rm LINK/);
  assert.deepEqual([links(), told], [["xcat", "pgsql"], "systemctl daemon-reload\n"]);
  assert.ok(!existsSync(at("program")));
});

const LOOKS: [title: string, spoil: string][] = [
  ["the listing breaks off", `ls() { command ls "$@"; return 2; }; export -f ls`],
  ["no file can be made, so a cache may answer", `mktemp() { return 1; }; export -f mktemp`],
];
for (const [title, spoil] of LOOKS)
  test(`the lease, ${title}: unknown, neither "none" nor an older epoch`, () => {
    epoch(3, "xcatmn1");
    const { code, stderr } = onNode(`${spoil}; lease_read fresh; echo "$LEASE[is]"`);
    assert.equal(code, 40);
    assert.match(stderr, /the owner lease in .* cannot be read/);
  });

test("a share that takes no epoch ends a claim", () => {
  epoch(3, "xcatmn2", ["releasing", "released"]);
  const { code, stderr } = onNode("lease_publish() { cat >/dev/null; return 1; }; lease_claim 60");
  assert.equal(code, 20);
  assert.match(stderr, /the share did not take the epoch behind 000003, 10 times/);
});

test("first setup: a look that fails is not an empty share: what lies there is not touched", () => {
  epoch(3, "xcatmn1");
  rmSync(at("pgsql"));
  mkdirSync(at("pgsql/data"), { recursive: true });
  writeFileSync(at("share/pgsql/data/rows"), "live\n");
  const failing = `timeout() { case "$*" in *" stat "*share/pgsql*) return 124 ;; *) command timeout "$@" ;; esac; }`;
  for (const verb of ["sharedDataLinks_prepare", "sharedDataLinks_apply", "shared_state"]) {
    const { code, stderr } = onNode(`${failing}; unset 'WANT[restoreFrom]'; ${verb}`);
    assert.equal(code, 40, `${verb}: ${stderr}`);
    assert.match(stderr, /share\/pgsql cannot be looked at on xcatmn1; .*\nevidence: no answer within 10 s/);
  }
  assert.equal(read("share/pgsql/data/rows"), "live\n");
  const placed = onNode('place_on_share "$F/pgsql" ""');
  assert.equal(placed.code, 20);
  assert.match(placed.stderr, /share\/pgsql is there, and was not a moment ago; .*it was not touched/);
  assert.equal(read("share/pgsql/data/rows"), "live\n");
});

test("the proof that PostgreSQL is stopped needs a look at its data directory", () => {
  const { code, stderr } = onNode(`timeout() { return 124; }; database_prove_stopped`);
  assert.equal(code, 13);
  assert.match(stderr, /the data directory of postgresql cannot be looked at on xcatmn1/);
});

test("a beat that is left ends before the guard goes and anything starts: it would stop what runs without a lease", () => {
  const ends = `beat_remove() { echo "the beat ends" >>"$F/told"; }; ${DESTROY}`;
  epoch(3, "xcatmn2");
  stepAside();
  guard();
  assert.match(onNode(ends).told, /^quiesced\nthe beat ends\npostgresql is stopped\n/);
});

test("a first setup whose lease is lost while it copies puts nothing on the share any more", () => {
  epoch(3, "xcatmn1");
  rmSync(at("share/pgsql"), { recursive: true });
  rmSync(at("pgsql"));
  mkdirSync(at("pgsql/data"), { recursive: true });
  const taken = `sed 's/xcatmn1/xcatmn2/; s/${NODES.xcatmn1}/${NODES.xcatmn2}/' "$SHARE/.xcat-ha/epoch/000003.owner" >"$SHARE/.xcat-ha/epoch/000004.owner"`;
  const { code, stderr } = onNode(
    `copy_directory() { mkdir -p "$2"; ${taken}; }; differences() { :; }; unset 'WANT[restoreFrom]'; sharedDataLinks_apply`,
  );
  assert.equal(code, 12, stderr);
  assert.match(stderr, /xcatmn1 does not hold the owner lease; expected it for .*share\/pgsql\nevidence: epoch 4/);
  assert.ok(!existsSync(at("share/pgsql")) && !lstatSync(at("pgsql")).isSymbolicLink());
});

/** A first setup of this node that has placed the database on the share, and was cut before its link. */
function firstSetupWasCut() {
  epoch(3, "xcatmn1");
  rmSync(at("pgsql"));
  writeFileSync(at("share/.xcat-ha/first-setup"), `${NODES.xcatmn1}\n`);
  mkdirSync(at("share/pgsql/data"), { recursive: true });
  writeFileSync(at("share/pgsql/data/rows"), "live\n");
}

for (const [what, cut] of [
  ["cut between what stepped aside and its link", () => {}],
  ["cut a moment earlier", () => renameSync(at("pgsql.bak"), at("pgsql"))],
] as const)
  test(`a first setup that was ${what}, and a directory made anew meanwhile: what was placed on the share stays whole`, () => {
    firstSetupWasCut();
    mkdirSync(at("pgsql.bak/data"), { recursive: true });
    writeFileSync(at("pgsql.bak/data/rows"), "live\n");
    writeFileSync(at("records/aside"), `${at("pgsql")} ${at("pgsql.bak")}\n`);
    cut();
    if (!existsSync(at("pgsql"))) mkdirSync(at("pgsql/data"), { recursive: true });
    const { code, stderr } = onNode("unset 'WANT[restoreFrom]'; sharedDataLinks_apply");
    assert.equal(code, 0, stderr);
    assert.equal(read("share/pgsql/data/rows"), "live\n");
    assert.ok(lstatSync(at("pgsql")).isSymbolicLink() && !existsSync(at("share/.xcat-ha/first-setup")));
    assert.equal(read("pgsql.bak/data/rows"), "live\n");
  });

test("what stepped aside was cleaned up, and a directory made anew: what was placed on the share is kept, and named", () => {
  firstSetupWasCut();
  mkdirSync(at("pgsql/data"), { recursive: true });
  writeFileSync(at("records/aside"), `${at("pgsql")} ${at("pgsql.bak")}\n`);
  const { code, stdout, stderr } = onNode("unset 'WANT[restoreFrom]'; sharedDataLinks_apply");
  assert.equal(code, 0, stderr);
  assert.equal(read("share/.xcat-ha/placed-before/pgsql/data/rows"), "live\n");
  assert.match(
    stdout,
    /what was placed on the share before has what \S+pgsql has not: data\/rows\. It stays as \S+placed-before\/pgsql: /,
  );
});

test("a first setup that goes on leaves nothing of what it had placed before", () => {
  epoch(3, "xcatmn1");
  rmSync(at("pgsql"));
  writeFileSync(at("share/.xcat-ha/first-setup"), `${NODES.xcatmn1}\n`);
  for (const [place, rows] of [
    ["share/pgsql", "old\n"],
    ["pgsql", "new rows\n"],
  ]) {
    mkdirSync(at(place, "data"), { recursive: true });
    writeFileSync(at(place, "data/rows"), rows);
  }
  const { code, stderr } = onNode("unset 'WANT[restoreFrom]'; sharedDataLinks_apply");
  assert.equal(code, 0, stderr);
  assert.equal(read("share/pgsql/data/rows"), "new rows\n");
  assert.ok(!existsSync(at("share/.xcat-ha/placed-before/pgsql")));
});

test("what stepped aside cannot be told: an error, and nothing on the share is touched", () => {
  firstSetupWasCut();
  mkdirSync(at("pgsql/data"), { recursive: true });
  rmSync(at("records/aside"), { force: true });
  // A directory opens, and does not read.
  mkdirSync(at("records/aside"));
  const { code, stderr } = onNode("unset 'WANT[restoreFrom]'; sharedDataLinks_apply");
  assert.equal(code, 40, stderr);
  assert.equal(read("share/pgsql/data/rows"), "live\n");
});

test("a directory is noted before it steps aside: cut between the two, what is made in its place is known for that", () => {
  epoch(3, "xcatmn2");
  rmSync(at("pgsql"));
  mkdirSync(at("pgsql"));
  const cut = `mv() { [[ $* != *pgsql.bak* ]] || { grep -c pgsql "$RECORDS/aside"; exit 9; }; command mv "$@"; }`;
  const { code, stdout, stderr } = onNode(`${cut}; link_directory "$F/pgsql"`);
  assert.deepEqual([code, stdout], [9, "1\n"], stderr);
});

test("this node notes which share it is before its first link", () => {
  epoch(3, "xcatmn2");
  writeFileSync(at("share/.xcat-ha/id"), "the share\n");
  rmSync(at("pgsql"));
  const { code, stderr, told } = onNode(
    `link_directory() { echo "$1 $(cat "$RECORDS/share-id")" >>"$F/told"; }; unset 'WANT[restoreFrom]'; sharedDataLinks_apply`,
  );
  assert.equal(code, 0, stderr);
  assert.match(told, /pgsql the share\n/);
});

for (const [node, what] of [
  ["xcatmn1", "copied or "],
  ["xcatmn2", ""],
] as const)
  test(`a local database directory in which a server works is not ${what}moved out of its way, beside ${node} as owner`, () => {
    epoch(3, node);
    rmSync(at("pgsql"));
    mkdirSync(at("pgsql/data"), { recursive: true });
    const { code, stderr } = onNode(
      `processes_with() { [[ $1 != */pgsql/data ]] || echo "42 postgres"; }; unset 'WANT[restoreFrom]'; sharedDataLinks_apply`,
    );
    assert.equal(code, 13, stderr);
    assert.match(stderr, /processes still use .*\/pgsql\/data on xcatmn1/);
    assert.ok(lstatSync(at("pgsql")).isDirectory() && !existsSync(at("pgsql.bak")));
  });

test("no node but its owner makes a link while a first setup is not finished: the local directory could be the truth", () => {
  epoch(3, "xcatmn1", ["releasing", "released"]);
  rmSync(at("pgsql"));
  mkdirSync(at("pgsql/data"), { recursive: true });
  writeFileSync(at("share/.xcat-ha/first-setup"), `${NODES.xcatmn1}\n`);
  const { code, stderr } = onNode("unset 'WANT[restoreFrom]'; sharedDataLinks_apply");
  assert.equal(code, 10, stderr);
  assert.match(stderr, /a first setup has not finished/);
  assert.ok(lstatSync(at("pgsql")).isDirectory() && existsSync(at("share/.xcat-ha/first-setup")));
});

test("owner and mode of a shared directory that cannot be set are an error", () => {
  epoch(3, "xcatmn1");
  const { code } = onNode(
    `WANT[/var/lib/pgsql:owner]="root:root 700"; chown() { return 1; }; unset 'WANT[restoreFrom]'; sharedDataLinks_apply; echo went on`,
  );
  assert.equal(code, 1);
});

/** systemd, which knows of the guard once it has read its units again. */
const READS_AGAIN = `${renamed("systemctl", "ordered")}
  systemctl() {
    ordered "$@"
    [[ $1 != daemon-reload ]] || read_again=yes
    [[ $1 != show ]] || printf 'Id=xcatd.service\\n%s' "\${read_again:+ExecStartPre={ path=$PROGRAM ; argv[]=$PROGRAM guard xcatd\n}"
  }`;
const GUARDING = `declare -A UNIT=() COMPANIONS=() SEEN=(); WANT=([xcatd]=guarded); guarded_units() { GUARDED=(xcatd); }`;

test("the guard of a service that is managed no more goes when it has stopped", () => {
  epoch(3, "xcatmn1");
  guard();
  const { code, stdout, stderr, told } = onNode(
    `${GUARDING}; BEFORE=([xcatd]=guarded [postgresql]=guarded); units_of() { echo "$1"; }; ${READS_AGAIN}
     unit_stop() { echo "$1 is stopped, $(ls "$F/guards/$1")" >>"$F/told"; }; startGuard_apply`,
  );
  assert.equal(code, 0, stderr);
  const show = "systemctl show -p Id -p ExecStartPre xcatd.service\n";
  assert.equal(told, `postgresql is stopped, xcat-ha.conf\n${show}systemctl daemon-reload\n${show}`);
  assert.ok(!guarded() && existsSync(at("guards/xcatd/xcat-ha.conf")));
  assert.match(stdout, /postgresql is not managed any more: stopped, its guard is gone/);
});

test("a guard that systemd does not take is an error, before anything is linked", () => {
  const { code, stderr } = onNode(`${GUARDING}; ${READS_AGAIN.replace("read_again=yes", ":")}; startGuard_apply`);
  assert.equal(code, 20, stderr);
  assert.match(stderr, /xcatd is not guarded on xcatmn1: guarded, but systemd has not read it; /);
});

test("no start while a link leads to the share, whoever asks for it", () => {
  const { code, stdout, told } = onNode("units_restore");
  assert.deepEqual([code, told], [0, ""]);
  assert.match(stdout, /nothing is started: .*\/pgsql -> .*\/share\/pgsql, .*\/xcat -> .*\/share\/xcat/);
});

const PID_FILE = "share/pgsql/data/postmaster.pid";
const SERVER: [title: string, pid: string | undefined, lease: () => void, code: number, said: RegExp][] = [
  ["no server was there", undefined, () => epoch(3, "xcatmn1"), 0, /^$/],
  [
    "a server of another boot, and the lease is ours",
    "4194399\n",
    () => epoch(3, "xcatmn1"),
    0,
    /postmaster\.pid names the process 4194399 of another boot, or of the other node: its epoch is over, and PostgreSQL recovers/,
  ],
  [
    "a server of another boot, and the lease is not ours",
    "4194399\n",
    () => epoch(3, "xcatmn2"),
    12,
    /postgresql may not start on xcatmn1; [\s\S]*epoch 3 is held by xcatmn2 .*postmaster\.pid names the process 4194399/,
  ],
  [
    "a server of another boot, and nobody owns the lease",
    "4194399\n",
    () => epoch(3, "xcatmn1", ["releasing", "released"]),
    12,
    /epoch 3 was released by xcatmn1; .*postmaster\.pid names/,
  ],
  [
    "a final epoch: its owner starts nothing under it either",
    undefined,
    () => epoch(3, "xcatmn1", [], BOOT, "dissolving yes\n"),
    12,
    /postgresql may not start on xcatmn1/,
  ],
];
for (const [title, pid, lease, code, said] of SERVER)
  test(`the guard of PostgreSQL: ${title}`, () => {
    lease();
    if (pid !== undefined) writeFileSync(at(PID_FILE), pid);
    const done = onNode("guard postgresql");
    assert.equal(done.code, code, done.stderr);
    assert.match(done.stdout + done.stderr, said);
  });

test("the guard of PostgreSQL: another node claims while it looks", () => {
  epoch(3, "xcatmn1");
  writeFileSync(at(PID_FILE), "4194399\n");
  const { code } = onNode(
    `${renamed("server_of_another_boot", "look")}; server_of_another_boot() { look; sed 's/^node.*/node xcatmn2/; s/^machine.*/machine ${NODES.xcatmn2}/' "$SHARE/.xcat-ha/epoch/000003.owner" >"$SHARE/.xcat-ha/epoch/000004.owner"; }
     guard postgresql`,
  );
  assert.equal(code, 12);
});

test("the guard of PostgreSQL: a pid file that cannot be looked at starts nothing", () => {
  epoch(3, "xcatmn1");
  const { code, stderr } = onNode(
    `timeout() { case "$*" in *postmaster.pid*) echo "stat: cannot statx: Input/output error"; return 1 ;; *) command timeout "$@" ;; esac; }; guard postgresql`,
  );
  assert.equal(code, 40);
  assert.match(
    stderr,
    /postmaster\.pid cannot be looked at on xcatmn1; .*\nevidence: stat: cannot statx: Input\/output error/,
  );
});

test("another unit does not ask for it", () => {
  epoch(3, "xcatmn1");
  mkdirSync(at(PID_FILE));
  assert.equal(onNode("guard named").code, 0);
});
