/**
 * The reports: where upstream wants them, and whether a committed one is still true. Pure: text in, lines out.
 * Never changes a report: upstream takes them exactly as the suite has written them.
 */
import { parse } from "yaml";

interface Report {
  readonly gatewayAPIChannel: string;
  readonly gatewayAPIVersion: string;
  readonly mode: string;
  readonly implementation: { readonly project: string; readonly version: string };
  readonly profiles?: readonly { readonly name: string }[];
}

/** `v1.6.3/fsm-gateway/experimental-v0.1.0-default-report.yaml`: the pattern of upstream's README. */
export function reportPath(text: string): string {
  const { gatewayAPIChannel, gatewayAPIVersion, mode, implementation } = parse(text) as Report;
  return `${gatewayAPIVersion}/${implementation.project}/${gatewayAPIChannel}-${implementation.version}-${mode}-report.yaml`;
}

/** What two reports do not have in common, one line each. Only the date may differ, and the order of profiles, which the suite leaves to chance. */
export function reportDifferences(committed: string, fresh: string): readonly string[] {
  return differences("", claimsOf(committed), claimsOf(fresh));
}

function claimsOf(text: string): unknown {
  const { date: _, profiles = [], ...claims } = parse(text) as Report & { readonly date?: unknown };
  return { ...claims, profiles: Object.fromEntries(profiles.map((profile) => [profile.name, profile])) };
}

function differences(path: string, committed: unknown, fresh: unknown): readonly string[] {
  if (!isTree(committed) || !isTree(fresh)) {
    if (committed === fresh) return [];
    return [`${path}: committed ${JSON.stringify(committed)}, now ${JSON.stringify(fresh)}`];
  }
  const keys = new Set([...Object.keys(committed), ...Object.keys(fresh)]);
  return [...keys].flatMap((key) => differences(path === "" ? key : `${path}.${key}`, committed[key], fresh[key]));
}

/** An object or a list: a list's items are told by their index. */
function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
