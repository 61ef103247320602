import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { noBlackhole, startBlackhole } from "../../../test/wire/blackhole.ts";
import { listener, route, service } from "../../../test/wire/config.ts";
import { startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { connectTo, freePorts, readAll, readSome, startBackend, startEcho } from "../../../test/wire/sockets.ts";
import type { ListenerResource } from "../../model/proxy-config.ts";

const tcpListener = (port: number): ListenerResource => ({ kind: "listener", name: "l", port, protocol: "TCP" });

testEngines(
  "the server may speak first, the end of either side is passed on, and the kind of a port may change meanwhile",
  async (t) => {
    const server = await startBackend((socket) => {
      socket.write("220 ready\r\n");
      socket.on("end", () => socket.end("bye")).resume();
    });
    t.after(() => server.close());
    const gateway = startGateway(t);
    const [port = 0] = await freePorts(1);
    const rest = [route("r", "l", ["*"], { s: 1 }), ...service("s", server.address)] as const;
    await gateway.set(tcpListener(port), ...rest);
    const client = await connectTo(port);
    assert.equal(String(await readSome(client, 11)), "220 ready\r\n");
    await gateway.set(listener("l", port), ...rest);
    const misled = await connectTo(port);
    misled.end("QUIT\r\n");
    await readAll(misled);
    client.end("QUIT\r\n");
    assert.equal(String(await readAll(client)), "bye");
    assert.deepEqual(
      (await gateway.connections(2)).map(({ reason, serverName }) => [reason, serverName]),
      [
        ["not_tls", undefined],
        ["completed", undefined],
      ],
    );
  },
);

testEngines(
  "what a client sends before its backend is there arrives in order, with its end",
  async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const silent = await startBlackhole();
    t.after(() => silent.close());
    const gateway = startGateway(t, { random: () => 0, timeOuts: { connectMs: 200 } });
    const [port = 0] = await freePorts(1);
    const endpoints = service("s", silent.address, echo.address);
    await gateway.set(tcpListener(port), route("r", "l", ["*"], { s: 1 }), ...endpoints);
    const client = await connectTo(port);
    const early = randomBytes(300_000);
    client.end(early);
    assert.deepEqual(await readAll(client), early);
    const [line] = await gateway.connections(1);
    assert.deepEqual([line?.reason, line?.endpoint], ["completed", echo.address]);
  },
  noBlackhole(),
);

testEngines(
  "500 connections are shared out by weight, 350 to 150 to none; without a route they are closed",
  async (t) => {
    const servers = await Promise.all(["a", "b", "c"].map((name) => startBackend((socket) => socket.end(name))));
    t.after(() => Promise.all(servers.map((server) => server.close())));
    const gateway = startGateway(t);
    const [port = 0] = await freePorts(1);
    const services = servers.flatMap((server, index) => service("abc"[index] ?? "", server.address));
    await gateway.set(tcpListener(port), route("r", "l", ["*"], { a: 70, b: 30, c: 0 }), ...services);
    const counts: Record<string, number> = {};
    for (let turn = 0; turn < 500; turn++) {
      const client = await connectTo(port);
      const name = String(await readAll(client));
      client.end();
      counts[name] = (counts[name] ?? 0) + 1;
    }
    assert.deepEqual(counts, { a: 350, b: 150 });
    await gateway.connections(500);
    await gateway.set(tcpListener(port));
    const client = await connectTo(port);
    assert.equal((await readAll(client)).length, 0);
    client.end();
    await once(client, "close");
    assert.equal((await gateway.connections(501))[500]?.reason, "no_matching_route");
  },
);
