/** What `npm run test:chaos` is told. */
import { parseArgs } from "node:util";

export const USAGE = `usage: npm run test:chaos [-- OPTION…]
  --quick          some of the faults: about five minutes instead of twenty
  --only A,B       the faults of these names
  --json FILE      writes the table as JSON
  --docs           writes the rows into test/chaos/results.json, and its table into docs/chaos.md
  --keep           leaves the cluster up, and uses the one that is up`;

export interface ChaosOptions {
  readonly quick: boolean;
  readonly keep: boolean;
  readonly docs: boolean;
  readonly only: readonly string[];
  readonly json?: string;
}

/** @throws an error that says what is wrong with the arguments. */
export function readOptions(args: readonly string[], names: readonly string[]): ChaosOptions {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { quick: flag, keep: flag, docs: flag, only: { type: "string" }, json: { type: "string" } },
  });
  const { quick, keep, docs, json } = values;
  const only = values.only?.split(",") ?? [];
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only: there is no fault ${unknown}; there are ${names.join(", ")}`);
  return { quick, keep, docs, only, ...(json === undefined ? {} : { json }) };
}
