// A handover: the new node's `up` is started while the other node still serves, and waits on its node for the release of the owner lease.
// Ordered by the environment of one `up`, and by no stack's config: nothing is left behind that a later `up` could wait by.

const VARIABLE = "XCAT_HA_HANDOVER";

/** How long, in seconds; nothing where none is ordered. @param {Record<string, string | undefined>} environment @returns {string | undefined} @throws */
function handoverSeconds(environment = process.env) {
  const seen = environment[VARIABLE];
  if (!seen) return undefined;
  if (/^[1-9]\d{0,3}$/.test(seen)) return seen;
  throw new Error(
    `${VARIABLE}: seen ${JSON.stringify(seen)}; expected seconds, 1 to 9999, for which the node that becomes active waits for the other one\nevidence: the environment of pulumi\nnext: unset ${VARIABLE}\nnext: export ${VARIABLE}=600`,
  );
}

/**
 * The next counter of an observation. It carries the order of a handover, so that the next run, which has no such order, finds its command as it
 * was and not as changed.
 * @param {number | string | undefined} former @param {string | undefined} handover @returns {number | string}
 */
function nextCounter(former, handover) {
  const next = Number.parseInt(String(former ?? 0), 10) + 1;
  return handover ? `${next}/${handover}` : next;
}

/** What of a counter goes into the command's document. @param {number | string} counter @returns {Record<string, string>} */
function counted(counter) {
  const [number, handover] = String(counter).split("/");
  return handover ? { counter: number, handover } : { counter: number };
}

module.exports = { VARIABLE, handoverSeconds, nextCounter, counted };
