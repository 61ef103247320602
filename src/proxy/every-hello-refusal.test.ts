/**
 * Every detail of a refused hello, from real bytes of the hostile corpus, through each engine to its line in the log; and hellos that
 * the backend would refuse, which it receives unchanged.
 */
import assert from "node:assert/strict";
import { corpusBytes, HOSTILE_FOLDER, readHostileManifest } from "../../test/wire/corpus.ts";
import { startSimple, testEngines } from "../../test/wire/gateway.ts";
import { alpn, bytes, extension, helloMessage, record, serverName } from "../../test/wire/hello-bytes.ts";
import { turnedAway } from "../../test/wire/reasons/producer.ts";
import { connectTo, LOOPBACK, readAll, startEcho } from "../../test/wire/sockets.ts";
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

testEngines("a hello whose faults leave the server name clear reaches the backend unchanged", async (t) => {
  const name = serverName("a.example");
  const faulty = [
    { extensions: [alpn("h2"), name, alpn("http/1.1")] },
    { extensions: [name, extension(16, bytes(0, 9, 3, "h2"))] },
    { extensions: [name], sessionId: Buffer.alloc(33) },
    { extensions: [name], cipherSuites: bytes(1, 2, 3) },
    { extensions: [name], compressionMethods: bytes() },
  ].map((fields) => record(helloMessage(fields)));
  const echo = await startEcho();
  t.after(() => echo.close());
  const { port, connections } = await startSimple(t, [echo.address]);
  for (const [index, hello] of [...faulty, bytes(record(bytes()), faulty[0] ?? "")].entries()) {
    const client = await connectTo(port);
    client.end(hello);
    assert.deepEqual(await readAll(client), hello);
    const line = (await connections(index + 1))[index];
    assert.deepEqual([line?.reason, line?.serverName], ["completed", "a.example"]);
  }
});
