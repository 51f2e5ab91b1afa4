import * as pulumi from "@pulumi/pulumi";
import { ManagementNode } from "./components/managementNode";
import { ConfigError, loadCluster } from "./config/cluster";
import { clusterFileOf, readStack } from "./config/stack";

// Pulumi keeps a stack for each of some hundred promises, and its TypeScript loader maps every line of them back through the source maps:
// a third of a second in each run. Without that a stack names the right file and the line of the compiled text.
Reflect.deleteProperty(Error, "prepareStackTrace");

const stack = pulumi.getStack();
const config = new pulumi.Config();

/** What is wrong in the configuration is a message for people, which Pulumi prints as it is: no exception of a program. */
function explained<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
  }
}

const clusterFile = explained(() => clusterFileOf(stack, config));
const cluster = explained(() => loadCluster(clusterFile));
const { node, role, takeover } = explained(() => readStack(stack, config, cluster));

new ManagementNode(node, {
  clusterFile,
  cluster,
  stack: `${pulumi.getProject()}/${stack}`,
  name: node,
  role,
  takeover,
});

export { node, role };
