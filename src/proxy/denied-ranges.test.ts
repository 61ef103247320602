import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { networkInterfaces } from "node:os";
import type { TestContext } from "node:test";
import { backend, listener, route } from "../../test/wire/config.ts";
import { startGateway, testEngines } from "../../test/wire/gateway.ts";
import { helloFor } from "../../test/wire/hello-bytes.ts";
import { connectTo, freePorts, readAll, readSome } from "../../test/wire/sockets.ts";
import type { Resource } from "../model/proxy-config.ts";

/** Loopback is always denied, so a host has to resolve to another address of this machine. */
const address = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
const skip = address === undefined ? "this machine has loopback addresses only" : false;

const hello = helloFor("a.example");

async function startEchoAt(t: TestContext, host: string): Promise<number> {
  const server = net.createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, host);
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

testEngines(
  "an address that a new configuration denies is not dialled any more, and one that it allows is",
  async (t) => {
    const host = address ?? assert.fail();
    const toPort = await startEchoAt(t, host);
    const state = { queries: 0 };
    const gateway = startGateway(t, {
      ownAddresses: () => [],
      resolver: {
        resolve4: async () => {
          state.queries++;
          return [{ address: host, ttl: 300 }];
        },
        resolve6: async () => [],
      },
    });
    const [port = 0] = await freePorts(1);
    const resources: Resource[] = [
      listener("l", port),
      route("r", "l", ["*"], { out: 1 }),
      backend("out", { type: "external", host: "out.example", port: toPort }),
    ];
    const denying = (deniedCidrs: readonly string[]): Resource => ({
      kind: "externalHosts",
      name: "proxy",
      deniedCidrs,
    });
    const connect = async () => {
      const client = await connectTo(port);
      client.write(hello);
      return client;
    };
    const served = async () => {
      const client = await connect();
      assert.deepEqual(await readSome(client, hello.length), hello);
      client.end();
      await once(client, "close");
    };
    const refused = async () => assert.equal((await readAll((await connect()).end())).length, 0);

    await gateway.set(...resources);
    await served();
    // The cached response is checked immediately, before DNS responds again.
    const { unresolvedHosts } = await gateway.set(...resources, denying([`::ffff:${host}/128`]));
    assert.deepEqual(
      unresolvedHosts.map(({ host: name, reason }) => [name, reason]),
      [["out.example", "address_forbidden"]],
    );
    assert.match(unresolvedHosts[0]?.message ?? "", /is in the denied range ::ffff:/);
    await refused();
    await gateway.set(...resources, denying([]));
    await served();
    const lines = await gateway.connections(3);
    assert.deepEqual(
      lines.map(({ reason }) => reason),
      ["completed", "backend_forbidden", "completed"],
    );
    assert.equal(state.queries, 3, "hosts are resolved again with each change of the ranges");
  },
  skip,
);
