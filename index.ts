import * as pulumi from "@pulumi/pulumi";
import { ManagementNode } from "./components/managementNode";
import { loadCluster } from "./config/cluster";
import { readStack } from "./config/stack";

const clusterFile = "cluster.yaml";
const cluster = loadCluster(clusterFile);
const { node, role } = readStack(pulumi.getStack(), new pulumi.Config(), cluster);

new ManagementNode(node, { clusterFile, cluster, name: node, role });

export { node, role };
