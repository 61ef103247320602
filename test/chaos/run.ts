/**
 * `npm run test:chaos`: a cluster of its own, the gateway on it, and one fault after the other under steady traffic (inside.ts, in the
 * network outside of the cluster). Exit code 1: something was missed.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { OPERATOR_NAMESPACE } from "../../src/model/identity.ts";
import { deployedCluster } from "../e2e/deploy.ts";
import { testCluster } from "../support/cluster.ts";
import { CLUSTER_NAME } from "./api-server.ts";
import { FAULTS } from "./faults.ts";
import { readOptions, USAGE } from "./options.ts";

const args = process.argv.slice(2);
if (args.includes("--help")) {
  console.log(USAGE);
  process.exit(0);
}

function keepsCluster(): boolean {
  try {
    const names = FAULTS.map(({ name }) => name);
    return readOptions(args, names).keep;
  } catch (error) {
    console.error(`test:chaos: ${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}

const keep = keepsCluster();
const isUp = (await testCluster(CLUSTER_NAME).kubectl(["get", "namespace", OPERATOR_NAMESPACE])).code === 0;
const cluster = keep && isUp ? testCluster(CLUSTER_NAME) : await deployedCluster(CLUSTER_NAME, undefined, { nodes: 2 });
const outside = join(import.meta.dirname, "../../hack/cluster/outside");
const inside = [process.execPath, join(import.meta.dirname, "inside.ts"), ...args];
const { status } = spawnSync(outside, inside, { stdio: "inherit", env: { ...process.env, CLUSTER_NAME } });
if (!keep) await cluster.down();
process.exit(status ?? 1);
