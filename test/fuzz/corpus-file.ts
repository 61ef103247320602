/** What earlier runs have kept of a target's inputs: `corpus/NAME.txt`, one input a line, in hexadecimal. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FuzzTarget } from "./target.ts";

/** Longer ones differ in how often a loop ran and would fill the repository. */
const MAX_KEPT_BYTES = 1_024;

const fileOf = ({ name }: FuzzTarget) => join(import.meta.dirname, "corpus", `${name}.txt`);

export function kept(target: FuzzTarget): Buffer[] {
  if (!existsSync(fileOf(target))) return [];
  const lines = readFileSync(fileOf(target), "latin1").split("\n");
  return lines.filter((line) => line !== "").map((line) => Buffer.from(line, "hex"));
}

export function keep(target: FuzzTarget, inputs: readonly Uint8Array[]): void {
  const short = inputs.filter(({ length }) => length <= MAX_KEPT_BYTES);
  const lines = [...kept(target), ...short].map((input) => Buffer.from(input).toString("hex"));
  // The empty input is no line; every target has it anyway.
  const sorted = [...new Set(lines.filter((line) => line !== ""))].sort();
  writeFileSync(fileOf(target), `${sorted.join("\n")}\n`);
}
