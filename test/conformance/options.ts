/**
 * What the suite is told. Owns the flags; run.ts decides when. A flag of the caller's comes last, and wins.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CHECKOUT } from "../e2e/deploy.ts";

/** Addresses of hack/cluster's LoadBalancers are given out from the lowest: this one is free, and given when asked for. */
const USABLE_ADDRESS = "10.77.1.200";
/** Of the range that is reserved for documentation (RFC 5737): no pool of the cluster has it. */
const UNUSABLE_ADDRESS = "192.0.2.1";
/**
 * Nearly every test starts the proxies of a Gateway, and the suite gives each a minute. Eight at a time on two busy cores
 * took all of it; as much is done in the same time when fewer start at once.
 */
const PARALLEL_TESTS = 3;

const URL = "https://github.com/fsm-gateway/fsm-gateway";

export const PROFILES = ["GATEWAY-TLS", "GATEWAY-TCP"];

/** The suite's flags for a run that writes its report to `report`. */
export function suiteFlags(report: string): readonly string[] {
  return [
    "-test.v",
    "-test.timeout=30m",
    `-test.parallel=${PARALLEL_TESTS}`,
    "-gateway-class=fsm",
    `-conformance-profiles=${PROFILES.join(",")}`,
    `-usable-address=${USABLE_ADDRESS}`,
    `-unusable-address=${UNUSABLE_ADDRESS}`,
    `-report-output=${report}`,
    "-mode=default",
    "-organization=fsm-gateway",
    "-project=fsm-gateway",
    `-url=${URL}`,
    `-contact=${URL}/issues`,
    `-version=${projectVersion()}`,
  ];
}

/**
 * Without these flags the suite asks the GatewayClass's status which features there are, as it should; with one of them it
 * does not, and would pass over every test of a feature that it was not told of.
 */
export function needsFeatures(flags: readonly string[]): boolean {
  const names = flags.map((flag) => flag.replace(/^--?/, "").replace(/=.*/s, ""));
  return names.includes("run-test") && !names.includes("supported-features") && !names.includes("all-features");
}

/** The version as upstream wants it in a report: that of the tag. */
function projectVersion(): string {
  const { version } = JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8"));
  return `v${version}`;
}
