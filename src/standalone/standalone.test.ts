/** Traffic policies in one process: files in, connections through, statuses out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryLog } from "../../test/wire/gateway.ts";
import { helloFor } from "../../test/wire/hello-bytes.ts";
import {
  connectTo,
  eventually,
  freePorts,
  LOOPBACK,
  readAll,
  startBackend,
  startEcho,
} from "../../test/wire/sockets.ts";
import { systemClock } from "../loop/clock.ts";
import { ProxyMetrics } from "../proxy/observe/metrics.ts";
import { createProxy } from "../proxy/proxy.ts";
import { readProxyHeader } from "../proxy/proxy-protocol/read.ts";
import { writeProxyHeader } from "../proxy/proxy-protocol/write.ts";
import { parseManifests } from "./manifests/parse.ts";
import { Standalone, type StandaloneStatus } from "./standalone.ts";

const hello = helloFor("shop.example.com");

const files = (port: number, backendPort: number, traffic: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  gatewayClassName: fsm
  listeners: [{ name: tls, port: ${port}, protocol: TLS, tls: { mode: Passthrough } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: web }
spec:
  parentRefs: [{ name: edge }]
  hostnames: [shop.example.com]
  rules: [{ backendRefs: [{ name: web, port: 443 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 443 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ port: ${backendPort} }]
endpoints: [{ addresses: [127.0.0.1] }]
${traffic}`;

const TRAFFIC = `---
apiVersion: gateway.fsm.dev/v1alpha1
kind: ClientTraffic
metadata: { name: edge }
spec:
  targetRefs: [{ kind: Gateway, name: edge }]
  proxyProtocol: { mode: Required, trusted: [127.0.0.0/8] }
  deny: [203.0.113.0/24]
---
apiVersion: gateway.fsm.dev/v1alpha1
kind: BackendTraffic
metadata: { name: web }
spec:
  targetRefs: [{ kind: Service, name: web }]
  balance: LeastConnections
  proxyProtocol: { version: 2, authority: true }
`;

test("policies of the files are in force, go when they go, and the Gateway is Programmed all the while", async (t) => {
  const headers: Buffer[] = [];
  const [echo, told] = await Promise.all([
    startEcho(),
    startBackend(
      (socket) =>
        void readAll(socket).then(
          (all) => headers.push(all) && socket.end("told"),
          () => {},
        ),
    ),
  ]);
  t.after(() => Promise.all([echo.close(), told.close()]));
  const [port = 0] = await freePorts(1);
  const { log, lines } = memoryLog();
  const metrics = new ProxyMetrics("test");
  const statuses = new Map<string, StandaloneStatus>();
  const gateway = new Standalone({
    log,
    clock: systemClock,
    addresses: [LOOPBACK],
    createProxy: () => createProxy({ log, metrics, bindAddresses: [LOOPBACK] }),
    onStatus: (status) => statuses.set(`${status.kind} ${status.name}`, status),
  });
  t.after(() => gateway.end(0));
  const load = (backendPort: number, traffic: string) => {
    const { manifests, problems } = parseManifests(
      [{ file: "f.yaml", text: files(port, backendPort, traffic) }],
      "default",
    );
    assert.deepEqual(problems, []);
    return gateway.load(manifests);
  };
  const isProgrammed = () => {
    const conditions = statuses.get("Gateway edge")?.status.conditions ?? [];
    const list = conditions as readonly { readonly type: string; readonly status: string }[];
    return list.some(({ type, status }) => type === "Programmed" && status === "True");
  };
  const send = async (...parts: Uint8Array[]) => {
    const client = await connectTo(port);
    client.end(Buffer.concat(parts));
    return String(await readAll(client));
  };
  const headerFor = (address: string) =>
    writeProxyHeader({
      version: 1,
      ends: { source: { address, port: 1 }, destination: { address: "192.0.2.9", port: 2 } },
    });
  const reasons = () => lines.flatMap(({ message, fields }) => (message === "connection" ? [fields.reason] : []));

  await load(told.port, TRAFFIC);
  assert.ok(isProgrammed());
  assert.equal(await send(headerFor("192.0.2.1"), hello), "told");
  const reading = readProxyHeader(headers[0]!);
  assert.deepEqual(reading.state === "header" && reading.header, {
    command: "proxy",
    source: { address: "192.0.2.1", port: 1 },
    destination: { address: "192.0.2.9", port: 2 },
    fields: { authority: "shop.example.com" },
  });
  assert.equal(await send(headerFor("203.0.113.1"), hello), "");
  assert.equal(await send(hello), "");

  await load(echo.port, "");
  assert.ok(isProgrammed());
  assert.equal(await send(hello), hello.toString());
  await eventually(
    () => reasons().length === 4,
    () => reasons().join(),
  );
  assert.deepEqual(reasons(), ["completed", "client_denied", "proxy_header_missing", "completed"]);
});
