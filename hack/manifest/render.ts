/**
 * `npm run manifest`: writes hack/manifest/install.yaml, what the chart renders with its default values. It is committed, so that nobody
 * needs helm to build or to test; test/manifest/chart.test.ts fails where it is not what the chart says (docs/decisions/019).
 */
import { writeFileSync } from "node:fs";
import { MissingPrerequisite } from "../image/environment.ts";
import { helmProgram, renderChart } from "./chart.ts";
import { RENDERED } from "./install.ts";

try {
  writeFileSync(RENDERED, renderChart(helmProgram()));
} catch (error) {
  if (!(error instanceof MissingPrerequisite)) throw error;
  console.error(`manifest: ${error.message}`);
  process.exitCode = 2;
}
