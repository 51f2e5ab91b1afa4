// What an observation does when Pulumi asks it: reads a part on the node, in the shape of what is wanted, and never changes the node.
// The dynamic provider loads this at call time, so refresh and destroy run today's code, and nothing here comes from the state but
// what was wanted: address, host key and key are read from the cluster file now (docs/developing.md, How a part converges).
const { settingsOf } = require("../settings");
const { decodeDocument } = require("./document");
const { handoverSeconds, nextCounter } = require("./handover");
const { installedProgram, sha256 } = require("./program");
const { NodeError, loadCluster, openSession } = require("./session");

/**
 * @typedef {{ clusterFile: string, stack: string, node: string, part: string, takeover?: Record<string, string> }} Target where and what; an
 *   order of a takeover is for one check: no state holds it
 * @typedef {Record<string, string>} Values
 * @typedef {{ target: Target, counter?: number | string, foundAt?: string, __provider?: unknown } & Record<string, any>} Properties
 */

/** @type {Map<string, Promise<Awaited<ReturnType<typeof openSession>>>>} */
const sessions = new Map();

/** @param {Properties} properties */
function sessionOf({ target }) {
  const key = `${target.clusterFile} ${target.node}`;
  let session = sessions.get(key);
  if (!session) {
    session = Promise.resolve().then(() => {
      const cluster = loadCluster(target.clusterFile);
      if (!cluster.nodes[target.node])
        throw new NodeError(
          `${target.node} is not a node of ${target.clusterFile} any more; seen ${Object.keys(cluster.nodes).join(", ")}\nnext: put it back\nnext: pulumi stack rm --force the stack of a node that no longer exists`,
        );
      return openSession(cluster, target.node, settingsOf(cluster, target.node));
    });
    sessions.set(key, session);
  }
  return session;
}

/** What is wanted, without what is ours. @param {Properties} properties @returns {Values} */
function valuesOf({ target, counter, foundAt, __provider, ...values }) {
  return values;
}

/** @param {Properties} properties @param {string} verb @param {string} argument @param {Values} values */
async function ask(properties, verb, argument, values) {
  const session = await sessionOf(properties);
  return session.ask(verb, argument, values);
}

/** @param {Properties} properties @returns {Promise<Values>} */
async function observe(properties) {
  if (properties.target.part === "bootstrap") return { address: (await sessionOf(properties)).address };
  return decodeDocument(await ask(properties, "observe", properties.target.part, valuesOf(properties)));
}

/** Differences in words, both values. @param {string} node @param {string} part @param {Values} wanted @param {Values} found */
function differences(node, part, wanted, found) {
  return Object.keys(wanted)
    .filter((key) => wanted[key] !== found[key])
    .map((key) => `${node} ${part}: ${key} is '${found[key]}', wanted '${wanted[key]}'`);
}

/**
 * Runs in every preview and up, with the old inputs or, on a node that was never set up, with none: the dry run.
 * @param {Properties | undefined} olds @param {Properties} news
 */
async function check(olds, { target: { takeover, ...target }, ...values }) {
  /** @type {Properties} */
  const news = { ...values, target };
  try {
    await checkNode(olds, news, takeover);
  } catch (error) {
    // A failure of check is printed once; a thrown error by every layer above.
    return { inputs: news, failures: [{ property: "", reason: toldOnce(/** @type {Error} */ (error).message) }] };
  }
  return { inputs: news };
}

/** @type {Set<string>} */
const told = new Set();

/** A node that does not answer fails every observation of it: once in full is enough. @param {string} message */
function toldOnce(message) {
  if (told.has(message)) return "the same as above";
  told.add(message);
  return message;
}

/** @param {Properties | undefined} olds @param {Properties} news @param {Values} [takeover] */
async function checkNode(olds, news, takeover) {
  const { node, part, stack } = news.target;
  if (part === "ownerLease") {
    if (takeover)
      console.log(
        `${node}: a takeover is ordered; where it can be, signs of life of the other node are looked for, for half a minute`,
      );
    const handover = handoverOf(news);
    const steps = await ask(news, "plan", news.role, { stack, ...takeover, ...(handover && { handover }) });
    if (olds?.role !== news.role || takeover) console.log(planSentences(node, news.role, steps));
  } else {
    await sessionOf(news);
  }
  if (!olds?.target && part !== "nodeProgram") {
    const found = differences(node, part, valuesOf(news), await observe(news));
    if (found.length > 0) console.log(found.join("\n"));
  }
}

/** Of the change of role alone, to active. @param {Properties} properties */
function handoverOf({ target, role }) {
  return target.part === "ownerLease" && role === "active" ? handoverSeconds() : undefined;
}

/** The plan of the node program for people. @param {string} node @param {string} role @param {string} steps */
function planSentences(node, role, steps) {
  const lines = steps
    .trim()
    .split("\n")
    .map((line) => {
      const [verb, argument, reason] = line.split("\t");
      if (verb === "note") return `  ${argument}; ${reason}`;
      return `  ${verb}${argument === "-" ? "" : ` ${argument}`}: ${reason}`;
    });
  return `${node} will become ${role}:\n${lines.join("\n")}`;
}

/** @param {Properties} inputs */
async function create(inputs) {
  const { address } = await sessionOf(inputs);
  return {
    id: `${inputs.target.node}/${inputs.target.part}`,
    outs: { ...inputs, counter: nextCounter(0, handoverOf(inputs)), foundAt: address },
  };
}

/** @param {string} id @param {Properties} properties */
async function read(id, properties) {
  const { counter, foundAt, ...inputs } = properties;
  const wanted = valuesOf(properties);
  const found = await observe(properties).catch((error) => {
    throw new NodeError(toldOnce(error.message));
  });
  const differing = differences(properties.target.node, properties.target.part, wanted, found);
  if (differing.length > 0) console.log(differing.join("\n"));
  // An output alone: where the node answers today is no difference.
  const { address } = await sessionOf(properties);
  return { id, props: { ...properties, ...found, foundAt: address }, inputs: { ...inputs, ...found } };
}

/** The next command runs because of the counter. @param {string} _id @param {Properties} olds @param {Properties} news */
async function update(_id, olds, news) {
  const { address } = await sessionOf(news);
  return { outs: { ...news, counter: nextCounter(olds.counter, handoverOf(news)), foundAt: address } };
}

/** The refusal to destroy: the leaf that is deleted first asks the node. @param {string} _id @param {Properties} properties */
async function remove(_id, properties) {
  const { part, stack } = properties.target;
  if (part !== "destroyable") return;
  const program = sha256(installedProgram());
  await ask(properties, "destroyable", "", { ...valuesOf(properties), stack, program });
}

module.exports = { check, create, read, update, remove, differences, planSentences };
