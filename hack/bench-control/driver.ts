/**
 * One scenario, as a client outside the cluster: `driver.ts CLUSTER SCENARIO quick|full`, started in the network of the test
 * cluster's outside world. Prints the figures as JSON; what goes on is told on standard error.
 */
import { testCluster } from "../../test/support/cluster.ts";
import { FULL, QUICK } from "./scenario.ts";
import { SCENARIOS } from "./scenarios/scenarios.ts";
import { Site } from "./site.ts";

const [clusterName, id, size] = process.argv.slice(2);
const scenario = SCENARIOS.find((one) => one.id === id);
if (clusterName === undefined || scenario === undefined)
  throw new Error("usage: driver.ts CLUSTER SCENARIO quick|full");
const site = new Site(testCluster(clusterName), (what) => console.error(what));
try {
  await site.open();
  console.log(JSON.stringify(await scenario.measure(site, size === "quick" ? QUICK : FULL)));
} finally {
  site.close();
}
