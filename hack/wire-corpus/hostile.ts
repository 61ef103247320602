/**
 * First bytes that are no plain hello, field by field, each with what must come of it. `node hack/wire-corpus/hostile.ts` writes them to
 * `test/wire/corpus/hostile`; a test holds the two together.
 *
 * It owns the expectations: what a client may send, and what a proxy that routes by name must make of it.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type HelloRefusalDetail, refused } from "../../src/proxy/tls/hello-refusal.ts";
import { HOSTILE_FOLDER, type HostileInput, type Verdict } from "../../test/wire/corpus.ts";
import { BODIES } from "./hostile-bodies.ts";
import { FOREIGN, FRAMING } from "./hostile-framing.ts";
import { NAMES } from "./hostile-names.ts";

/** Refused with this detail, or a hello with this name, `undefined` for none. */
export type Outcome = HelloRefusalDetail | { readonly name: string | undefined } | "need_more";

export type Definitions = Readonly<Record<string, readonly [bytes: Uint8Array, outcome: Outcome]>>;

export interface HostileFile {
  readonly input: HostileInput;
  readonly bytes: Uint8Array;
}

export function hostileFiles(): HostileFile[] {
  const files = (definitions: Definitions, framing: boolean) =>
    Object.entries(definitions).map(([what, [bytes, outcome]]) => ({
      input: { file: `${fileName(what)}.hex`, what, verdict: verdict(outcome), framing },
      bytes,
    }));
  return [...files(FOREIGN, true), ...files(FRAMING, true), ...files(BODIES, false), ...files(NAMES, false)];
}

function verdict(outcome: Outcome): Verdict {
  if (outcome === "need_more") return { state: "need_more" };
  if (typeof outcome === "string") return refused(outcome);
  return outcome.name === undefined ? { state: "hello" } : { state: "hello", serverName: outcome.name };
}

function fileName(what: string): string {
  return what
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

if (import.meta.main) {
  rmSync(HOSTILE_FOLDER, { recursive: true, force: true });
  mkdirSync(HOSTILE_FOLDER, { recursive: true });
  const files = hostileFiles();
  for (const { input, bytes } of files) {
    writeFileSync(join(HOSTILE_FOLDER, input.file), `${Buffer.from(bytes).toString("hex")}\n`);
  }
  const manifest = files.map(({ input }) => input);
  writeFileSync(join(HOSTILE_FOLDER, "manifest.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
