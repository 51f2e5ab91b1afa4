// docs/order.svg: which steps run in which order for each change of role. Asked of the node program's own plan, with the manifest of
// the checkout: the picture cannot say anything else than what runs. `npm run graph` draws it; a unit test finds it out of date.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { instance } from "@viz-js/viz";
import { manifestText } from "../components/manifest";

const ROOT = join(__dirname, "..");

/** What is observed in each change of role that is drawn; node/lib/plan.sh says what each means. */
const FACTS = {
  node: "xcatmn1",
  peer: "xcatmn2",
  share_path: "/HA",
  share: "ok",
  system: "ok",
  lease: "released",
  sentence: "the lease is free",
  holder: "xcatmn2",
  links: "all",
  shared: "present",
  running: "",
  needed: "0",
  free: "9999999",
  vip: "the VIP",
  cfgloc: "Pg the VIP",
  mount: "ok",
  own_name: "ok",
  clock: "ok",
  clock_limit: "10",
  static: "here",
  epoch: "7",
  takeover: "",
  takeover_by: "",
  signs: "",
  fence: "",
  by: "program",
};
const CHANGES: { title: string; facts: Partial<typeof FACTS> & { role: string } }[] = [
  {
    title: "first setup of the active node",
    facts: { role: "active", lease: "none", holder: "", links: "none", shared: "absent" },
  },
  { title: "becoming active", facts: { role: "active" } },
  {
    title: "takeover with a fence",
    facts: {
      role: "active",
      lease: "other",
      sentence: "epoch 7 is held by xcatmn2",
      takeover: "7",
      takeover_by: "fence",
      signs: "none",
      fence: "on",
    },
  },
  { title: "an activation that fails", facts: { role: "rollback" } },
  { title: "stepping down", facts: { role: "standby", lease: "mine", holder: "xcatmn1", running: "xcatd " } },
];

/** The steps of a change of role, as the node program plans them: verb and argument. */
function stepsOf(facts: Record<string, string>): string[][] {
  const entries = Object.entries({ ...FACTS, ...facts }).map(([key, value]) => `[${key}]='${value}'`);
  const unset =
    "mounted elsewhere astray unfit peer_unfit peer_untold unlike apart login root_key missing both copy database virtual_ip mistakes outage traps traps_untold dissolved dissolving tools lacking stack managed_by owners handover takeover_reason from_console frozen";
  const script = `set -euo pipefail; source node/lib/plan.sh; mapfile -t MANIFEST <<'M'\n${manifestText()}\nM\ndeclare -A FACT=(${entries.join(" ")}); for key in ${unset}; do FACT[$key]=; done; plan`;
  return execFileSync("bash", ["-c", script], { cwd: ROOT, encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
}

const COLOURS: Record<string, string> = { apply: "#dbeafe", prepare: "#dbeafe", export: "#f3f4f6", verify: "#f3f4f6" };

/** Graphviz's text: a column a change of role; what belongs to the lease is what stands out. */
export function graphText(): string {
  const columns = CHANGES.map(({ title, facts }, column) => {
    const steps = stepsOf(facts);
    const nodes = steps.map(([verb, argument], row) => {
      const label = argument === "-" ? verb : verb === "apply" ? argument : `${verb} ${argument}`;
      return `s${column}_${row} [label="${label}", fillcolor="${COLOURS[verb] ?? "#fde68a"}"]`;
    });
    const chain = [`t${column}`, ...steps.map((_, row) => `s${column}_${row}`)].join(" -> ");
    return [`t${column} [label="${title}", shape=plaintext, style="", fontname="sans bold"]`, ...nodes, chain].join(
      "\n",
    );
  });
  return `digraph { node [shape=box, style="filled,rounded", fontname=sans, fontsize=11, height=0.3, color="#9ca3af"]; edge [color="#6b7280", arrowsize=0.6]; ranksep=0.22; nodesep=0.5;\n${columns.join("\n")}\n}`;
}

/** The picture. */
export async function graphSvg(): Promise<string> {
  return (await instance()).renderString(graphText(), { format: "svg" });
}

if (require.main === module) graphSvg().then((svg) => writeFileSync(join(ROOT, "docs/order.svg"), svg));
