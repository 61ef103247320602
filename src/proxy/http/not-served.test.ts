import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { testAuthority } from "../../../test/wire/authority.ts";
import { startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, freePorts, LOOPBACK, readAll } from "../../../test/wire/sockets.ts";
import type { ProxyOptions } from "../proxy.ts";

const SENTENCE = "This gateway routes TLS and TCP connections; it does not route HTTP requests.\n";

async function ask(asked: ClientRequest) {
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  return { status: answer.statusCode, body: await text(answer) };
}

async function startHttp(t: TestContext, options: Partial<ProxyOptions> = {}) {
  const gateway = startGateway(t, options);
  const [port = 0] = await freePorts(1);
  await gateway.set(
    { kind: "listener", name: "all", port, protocol: "HTTP" },
    { kind: "listener", name: "shop", port, protocol: "HTTP", hostname: "shop.example" },
  );
  return { ...gateway, port };
}

testEngines("fetch gets 503 and a sentence; the log names the listener of the host", async (t) => {
  const { port, connections } = await startHttp(t);
  const answer = await fetch(`http://${LOOPBACK}:${port}/`);
  assert.deepEqual([answer.status, await answer.text()], [503, SENTENCE]);
  assert.equal(answer.headers.get("connection"), "close");
  const url = `http://${LOOPBACK}:${port}/x`;
  const shop = await ask(request(url, { headers: { host: "shop.example" } }));
  assert.deepEqual([shop.status, shop.body], [503, SENTENCE]);
  const head = await ask(request(url, { method: "HEAD" }));
  assert.deepEqual([head.status, head.body], [503, ""]);
  assert.deepEqual(
    (await connections(3)).map(({ reason, listener }) => [reason, listener]),
    [
      ["http_not_served", "all"],
      ["http_not_served", "shop"],
      ["http_not_served", "all"],
    ],
  );
});

testEngines("HTTPS is decrypted and answered the same", async (t) => {
  const authority = await testAuthority();
  const gateway = startGateway(t);
  const [port = 0] = await freePorts(1);
  const tls = { mode: "Terminate", certificates: ["cert"] } as const;
  await gateway.set(
    { kind: "listener", name: "l", port, protocol: "HTTPS", tls },
    await authority.certificate("cert", { dns: ["a.example"] }),
  );
  const options = { host: LOOPBACK, port, servername: "a.example", ca: authority.ca, headers: { host: "a.example" } };
  const { status, body } = await ask(https.request(options));
  assert.deepEqual([status, body], [503, SENTENCE]);
  const [line] = await gateway.connections(1);
  assert.deepEqual([line?.reason, line?.listener, line?.decrypted], ["http_not_served", "l", true]);
});

testEngines("a client that is slow to ask and slow to send its body reads the whole answer", async (t) => {
  const { port, connections } = await startHttp(t);
  const client = await connectTo(port);
  for (const byte of "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 900000\r\n\r\n") {
    client.write(byte);
    await sleep(1);
  }
  for (let part = 0; part < 9; part++) {
    client.write(Buffer.alloc(100_000));
    await sleep(10);
  }
  const answer = String(await readAll(client));
  assert.ok(answer.startsWith("HTTP/1.1 503 ") && answer.endsWith(SENTENCE), answer);
  client.end();
  assert.equal((await connections(1))[0]?.reason, "http_not_served");
});

testEngines(
  "what is no HTTP/1 request is closed without an answer, and so is one that is never complete",
  async (t) => {
    const { port, connections } = await startHttp(t, { timeOuts: { clientHelloMs: 300 } });
    const beginnings = [
      helloFor("a.example"),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "SSH-2.0-OpenSSH_9.9\r\n\r\n",
      `GET / HTTP/1.1\r\nx: ${"x".repeat(17_000)}`,
      "GET / HTTP/1.1\r\nhost: a\r\n",
    ];
    for (const beginning of beginnings) {
      const client = await connectTo(port);
      client.write(beginning);
      assert.equal((await readAll(client)).length, 0);
      client.end();
      await once(client, "close");
    }
    const gone = await connectTo(port);
    gone.end("GET / HT");
    await readAll(gone);
    assert.deepEqual(
      (await connections(6)).map(({ reason }) => reason),
      [...Array(5).fill("http_not_served"), "client_closed_early"],
    );
  },
);
