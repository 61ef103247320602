import assert from "node:assert/strict";
import net from "node:net";
import { before, type TestContext, test } from "node:test";
import tls from "node:tls";
import fc from "fast-check";
import { certificateFor } from "../../../test/wire/certificate.ts";
import { listener, route, service } from "../../../test/wire/config.ts";
import { startGateway, testEngines } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import {
  connectTo,
  eventually,
  freePorts,
  LOOPBACK,
  readAll,
  readSome,
  startBackend,
  startEcho,
} from "../../../test/wire/sockets.ts";
import type { BackendTraffic, HealthCheck } from "../../model/traffic.ts";
import { type Connect, connectTcp } from "../relay/socket-options.ts";
import { nextVerdict, PRESUMED_HEALTHY } from "./verdict.ts";

const hello = helloFor("a.example");
const TIMES = { intervalMs: 20, timeOutMs: 2_000, healthyAfter: 2, unhealthyAfter: 2 };

let certificate: Awaited<ReturnType<typeof certificateFor>>;
before(async () => {
  certificate = await certificateFor("a.example");
});

test("an endpoint changes its state after as many checks in a row as are asked for, never before", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.boolean()),
      (up, down, row) => {
        let verdict = PRESUMED_HEALTHY;
        for (const [index, passed] of row.entries()) {
          const before = verdict;
          verdict = nextVerdict(verdict, passed, { healthyAfter: up, unhealthyAfter: down });
          const needed = before.isHealthy ? down : up;
          const last = row.slice(Math.max(0, index + 1 - needed), index + 1);
          if (verdict.isHealthy !== before.isHealthy) {
            assert.ok(last.length === needed && last.every((one) => one === verdict.isHealthy));
          }
          assert.ok(verdict.against < (verdict.isHealthy ? down : up));
        }
      },
    ),
  );
});

async function start(
  t: TestContext,
  endpoints: readonly string[],
  traffic: BackendTraffic,
  connect: Connect = connectTcp,
) {
  const gateway = startGateway(t, { random: () => 0, connect });
  const [port = 0] = await freePorts(1);
  const set = (endpoints: readonly string[], traffic: BackendTraffic) => {
    const [backend, resource] = service("s", ...endpoints);
    return gateway.set(listener("l", port), route("r", "l", ["*"], { s: 1 }), { ...backend, traffic }, resource);
  };
  await set(endpoints, traffic);
  const said = (message: string, endpoint: string) =>
    eventually(
      () => gateway.lines.some((line) => line.message === message && line.fields.endpoint === endpoint),
      () => `${message} ${endpoint}: ${JSON.stringify(gateway.lines)}`,
    );
  const problem = () => gateway.lines.find(({ message }) => message === "endpoint is unhealthy")?.fields.problem;
  return { ...gateway, change: set, port, said, problem };
}

/** A server on a port that was free a moment ago. */
async function echoAt(port: number): Promise<net.Server> {
  const server = net.createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => server.listen(port, LOOPBACK, resolve));
  return server;
}

async function ask(port: number): Promise<void> {
  const client = await connectTo(port);
  client.end(hello);
  assert.deepEqual(await readAll(client), hello);
}

testEngines(
  "TCP: an endpoint that refuses is left out before a connection meets it, and used again when it answers",
  async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const [late = 0] = await freePorts(1);
    const lateAddress = `${LOOPBACK}:${late}`;
    const healthCheck: HealthCheck = { type: "TCP", ...TIMES };
    const { port, said, problem, connections } = await start(t, [lateAddress, echo.address], { healthCheck });
    await said("endpoint is unhealthy", lateAddress);
    assert.equal(problem(), "ECONNREFUSED");
    for (let turn = 0; turn < 4; turn++) await ask(port);
    for (const { endpoint, connectMs } of await connections(4)) {
      assert.equal(endpoint, echo.address);
      assert.ok(connectMs !== undefined);
    }
    const server = await echoAt(late);
    t.after(() => server.close());
    await said("endpoint is healthy again", lateAddress);
    for (let turn = 0; turn < 2; turn++) await ask(port);
    const endpoints = (await connections(6)).slice(4).map(({ endpoint }) => endpoint);
    assert.deepEqual(endpoints.toSorted(), [lateAddress, echo.address].toSorted());
  },
);

testEngines(
  "TLS: a server that cannot complete a handshake is unhealthy, one whose certificate nobody knows is not",
  async (t) => {
    const plain = await startBackend((socket) => socket.end("not TLS"));
    const encrypted = await startBackend(
      () => {},
      tls.createServer(certificate).on("tlsClientError", () => {}),
    );
    t.after(() => Promise.all([plain.close(), encrypted.close()]));
    const healthCheck: HealthCheck = { type: "TLS", serverName: "a.example", ...TIMES };
    const { said, problem, lines } = await start(t, [plain.address, encrypted.address], { healthCheck });
    await said("endpoint is unhealthy", plain.address);
    assert.match(String(problem()), /^TLS: /);
    await eventually(
      () => encrypted.sockets.length > 6,
      () => "more checks",
    );
    assert.equal(lines.filter(({ message }) => message === "endpoint is unhealthy").length, 1);
  },
);

testEngines("HTTPS: the status decides, and the request is one that a server reads", async (t) => {
  const requests: string[] = [];
  const answering = (status: string) => {
    const server = tls.createServer(certificate, (socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        requests.push(String(bytes));
        socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`);
      });
    });
    return startBackend(
      () => {},
      server.on("tlsClientError", () => {}),
    );
  };
  const [good, bad] = await Promise.all([answering("204 No Content"), answering("503 Service Unavailable")]);
  t.after(() => Promise.all([good.close(), bad.close()]));
  const healthCheck: HealthCheck = { type: "HTTPS", serverName: "a.example", path: "/healthz?full", ...TIMES };
  const { said, problem, lines } = await start(t, [good.address, bad.address], { healthCheck });
  await said("endpoint is unhealthy", bad.address);
  assert.equal(problem(), "status 503");
  await eventually(
    () => good.sockets.length > 6,
    () => "more checks",
  );
  assert.equal(lines.filter(({ message }) => message === "endpoint is unhealthy").length, 1);
  assert.match(requests[0] ?? "", /^GET \/healthz\?full HTTP\/1\.1\r\n(.*\r\n)*host: a\.example\r\n/);
});

testEngines("a server that does not answer is unhealthy when the time for a check is over", async (t) => {
  const silent = await startBackend(() => {});
  t.after(() => silent.close());
  const healthCheck: HealthCheck = { type: "TLS", ...TIMES, timeOutMs: 50 };
  const { said, problem } = await start(t, [silent.address], { healthCheck });
  await said("endpoint is unhealthy", silent.address);
  assert.equal(problem(), "no answer within 50 ms");
});

testEngines("a backend that expects PROXY headers is told that a check is for itself", async (t) => {
  const first = Promise.withResolvers<Buffer>();
  const server = await startBackend((socket) => void readSome(socket, 16).then(first.resolve, () => {}));
  t.after(() => server.close());
  const healthCheck: HealthCheck = { type: "TCP", ...TIMES };
  await start(t, [server.address], { healthCheck, proxyProtocol: { version: 2, authority: true, uniqueId: true } });
  const header = await first.promise;
  assert.equal(header[12], 0x20);
});

testEngines("checks follow the configuration, and end with it", async (t) => {
  const [one, other] = await Promise.all([startEcho(), startEcho()]);
  t.after(() => Promise.all([one.close(), other.close()]));
  const healthCheck: HealthCheck = { type: "TCP", ...TIMES };
  const { change } = await start(t, [one.address], { healthCheck });
  const grows = async (server: typeof one) => {
    const before = server.sockets.length;
    await new Promise((resolve) => setTimeout(resolve, 150));
    return server.sockets.length > before;
  };
  await eventually(
    () => one.sockets.length > 2,
    () => "checks",
  );
  await change([other.address], { healthCheck });
  await eventually(
    () => other.sockets.length > 2,
    () => "checks of the new endpoint",
  );
  assert.equal(await grows(one), false);
  await change([other.address], {});
  assert.deepEqual([await grows(one), await grows(other)], [false, false]);
});

testEngines("many endpoints are checked, but few at a time", async (t) => {
  const sockets: net.Socket[] = [];
  let most = 0;
  const connect = () => {
    // Stands in for a network that swallows SYNs, so that each check lasts.
    sockets.push(new net.Socket());
    most = Math.max(most, sockets.filter(({ destroyed }) => !destroyed).length);
    return sockets[sockets.length - 1]!;
  };
  const endpoints = Array.from({ length: 80 }, (_, index) => `192.0.2.${index + 1}:443`);
  const healthCheck: HealthCheck = { type: "TCP", ...TIMES, timeOutMs: 50, unhealthyAfter: 1 };
  const { lines } = await start(t, endpoints, { healthCheck }, connect);
  await eventually(
    () => lines.filter(({ message }) => message === "endpoint is unhealthy").length === 80,
    () => "all of them judged",
  );
  assert.equal(most, 32);
});

testEngines("that we have no descriptor left says nothing about an endpoint", async (t) => {
  let asked = 0;
  const connect = () => {
    asked++;
    const socket = new net.Socket();
    // Stands in for a process at its limit, in which nothing else could be tested.
    process.nextTick(() => socket.destroy(Object.assign(new Error("too many open files"), { code: "EMFILE" })));
    return socket;
  };
  const healthCheck: HealthCheck = { type: "TCP", ...TIMES, unhealthyAfter: 1 };
  const { problem } = await start(t, ["192.0.2.1:443"], { healthCheck }, connect);
  await eventually(
    () => asked > 3,
    () => "checks that go on",
  );
  assert.equal(problem(), undefined);
});
