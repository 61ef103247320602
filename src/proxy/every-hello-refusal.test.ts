/** Every detail of a refused hello, from real bytes of the hostile corpus, through each engine to its line in the log. */
import assert from "node:assert/strict";
import { corpusBytes, HOSTILE_FOLDER, readHostileManifest } from "../../test/wire/corpus.ts";
import { startSimple, testEngines } from "../../test/wire/gateway.ts";
import { turnedAway } from "../../test/wire/reasons/producer.ts";
import { LOOPBACK } from "../../test/wire/sockets.ts";
import { HELLO_REFUSALS } from "./tls/hello-refusal.ts";

testEngines("every way to refuse a hello is logged with its reason and its detail", async (t) => {
  const hostile = readHostileManifest();
  const { port, connections } = await startSimple(t, [`${LOOPBACK}:1`]);
  for (const [index, { reason, detail }] of HELLO_REFUSALS.entries()) {
    const input = hostile.find(({ verdict }) => verdict.state === "refused" && verdict.detail === detail);
    assert.ok(input, detail);
    await turnedAway(t, port, corpusBytes(HOSTILE_FOLDER, input.file));
    const line = (await connections(index + 1))[index];
    assert.deepEqual([line?.reason, line?.detail], [reason, detail], input.file);
  }
});
