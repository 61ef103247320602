import assert from "node:assert/strict";
import { test } from "node:test";
import { HELLO_REFUSALS } from "../../src/proxy/tls/hello-refusal.ts";
import { corpusBytes, HOSTILE_FOLDER, readHostileManifest } from "../../test/wire/corpus.ts";
import { hostileFiles } from "./hostile.ts";

const files = hostileFiles();

test("the committed corpus is what the definitions say", () => {
  const mend = "node hack/wire-corpus/hostile.ts";
  assert.deepEqual(
    readHostileManifest(),
    files.map(({ input }) => input),
    mend,
  );
  for (const { input, bytes } of files) {
    assert.ok(corpusBytes(HOSTILE_FOLDER, input.file).equals(bytes), `${input.file}: ${mend}`);
  }
});

test("every way to refuse a hello is in it", () => {
  const details = new Set(files.map(({ input }) => (input.verdict.state === "refused" ? input.verdict.detail : "")));
  for (const { detail } of HELLO_REFUSALS) assert.ok(details.has(detail), detail);
});
