import * as pulumi from "@pulumi/pulumi";
import { ManagementNode } from "./components/managementNode";
import { loadCluster } from "./config/cluster";
import { readStack } from "./config/stack";

const clusterFile = "cluster.yaml";
const cluster = loadCluster(clusterFile);
const stack = pulumi.getStack();
const { node, role } = readStack(stack, new pulumi.Config(), cluster);

new ManagementNode(node, { clusterFile, cluster, stack: `${pulumi.getProject()}/${stack}`, name: node, role });

export { node, role };
