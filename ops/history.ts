// `xcat-ha history`: the epochs, read on the share by whichever node answers first.
import { decodeDocument } from "../components/remote/document";
import type { Context } from "./context";
import { asOpsError, type EndingName, OpsError } from "./ending";
import { duration, type Epoch, epochsOf } from "./epochs";
import { closeAll, type Reached, reach } from "./nodes";
import { tableText } from "./table";

const HISTORY_SECONDS = 30;

export async function history(context: Context): Promise<EndingName> {
  const cluster = context.cluster();
  const nodes = Object.keys(cluster.nodes);
  const asked = nodes.map(async (node) => {
    const reached = await reach(cluster, node);
    try {
      return await epochsBy(reached);
    } finally {
      closeAll([reached]);
    }
  });
  const epochs = await context.waiting("reading the epochs", Promise.any(asked).catch(nobody));
  const rows = epochs.map(({ epoch, node, since, seconds, by, why, end }) => [
    String(epoch),
    node,
    since,
    duration(seconds),
    by,
    why,
    end,
  ]);
  context.result(
    rows.length === 0
      ? "no epoch exists yet"
      : tableText(context, ["epoch", "node", "since", "held for", "by", "why", "end"], rows),
    { epochs },
  );
  return "done";
}

/** As that node reads them on the share. */
export async function epochsBy(reached: Reached): Promise<Epoch[]> {
  if ("error" in reached) throw reached.error;
  const { epochs, now } = decodeDocument(await reached.session.ask("history", "", {}, HISTORY_SECONDS));
  return epochsOf(epochs, Number(now));
}

export function nobody({ errors }: AggregateError): never {
  const [first, ...others] = errors.map(asOpsError);
  throw new OpsError(
    "unknown",
    `no node could read the epochs: ${[first, ...others].map(({ seen }) => seen).join("; ")}`,
    first.evidence,
    first.next,
  );
}
