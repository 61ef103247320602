/**
 * The chart, rendered by the pinned helm, which `hack/cluster/part` builds from its Go module: a minute or two the first time on a machine
 * whose Go has built Kubernetes before, some five minutes otherwise. Owns helm's command line; knows nothing of what the chart says.
 */
import { join } from "node:path";
import { checkout, MissingPrerequisite, run } from "../image/environment.ts";

export const CHART = join(checkout, "charts/fsm-gateway");
/** The release that install.yaml is rendered as; it shows nowhere in it. */
const RELEASE = "fsm-gateway";

/** Path of the program. @throws MissingPrerequisite with the script's own words. */
export function helmProgram(): string {
  const { ok, stdout, stderr } = run(join(checkout, "hack/cluster/part"), ["helm"]);
  if (!ok) throw new MissingPrerequisite(stderr.trim());
  return join(stdout.trim(), "helm");
}

/** What `helm template` prints, without the test. `args`: more for its command line. @throws Error with helm's own words. */
export function renderChart(helm: string, args: readonly string[] = []): string {
  const { ok, stdout, stderr } = run(helm, ["template", RELEASE, CHART, "--skip-tests", ...args]);
  if (!ok) throw new Error(stderr.trim());
  return stdout;
}
