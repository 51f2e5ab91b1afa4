// The lab's power switch, as a rack has one: asked over the network, one line a connection, "off NODE" or "status NODE"; it answers "on" or
// "off", or what went wrong. Runs in the lab's namespace (lab/lab switch) and cuts machines as lab/lab cut does.
const { execFile } = require("node:child_process");
const net = require("node:net");
const path = require("node:path");

const LAB = path.join(__dirname, "lab");
const [address, port] = process.argv.slice(2);

/** @param {string[]} args @returns {Promise<string>} */
const lab = (args) =>
  new Promise((resolve, reject) =>
    execFile(LAB, args, (error, stdout, stderr) =>
      error ? reject(new Error(stderr.trim() || error.message)) : resolve(stdout),
    ),
  );

/** @param {string} node */
async function status(node) {
  const [, power] = new RegExp(`^${node} +(on|off) `, "m").exec(await lab(["status"])) ?? [];
  if (!power) throw new Error(`no machine ${node}`);
  return power;
}

/** @param {string} line */
async function answer(line) {
  const [verb, node] = line.trim().split(" ");
  if (!/^[a-z0-9-]+$/.test(node ?? "")) throw new Error("expected off NODE or status NODE");
  if (verb === "off") await lab(["cut", node]);
  else if (verb !== "status") throw new Error(`no such order: ${verb}`);
  return status(node);
}

net
  .createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (line) =>
      answer(line.toString()).then(
        (power) => socket.end(`${power}\n`),
        (error) => socket.end(`error: ${error.message}\n`),
      ),
    );
  })
  .listen(Number(port), address, () => console.log("ready"));
