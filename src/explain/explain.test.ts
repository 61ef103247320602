import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ANY_HOSTNAME, compareSpecificity, covers } from "../gateway-api/hostname.ts";
import { parseManifests } from "../standalone/manifests/parse.ts";
import { snapshotOf } from "../standalone/snapshot.ts";
import { translate } from "../translate/translate.ts";
import { decideAt, explain, isServed, tableOf } from "./explain.ts";
import { explanationText, resultText } from "./text.ts";

const API = "gateway.networking.k8s.io/v1";

function snapshot(...objects: object[]) {
  const text = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  const { manifests, problems } = parseManifests([{ file: "f", text }], "default");
  assert.deepEqual(problems, []);
  return snapshotOf(manifests, new Map());
}

const gateway = (...listeners: object[]) => ({
  apiVersion: API,
  kind: "Gateway",
  metadata: { name: "g" },
  spec: {
    gatewayClassName: "fsm",
    listeners: listeners.map((fields, i) => ({
      name: `l${i}`,
      port: 443,
      protocol: "TLS",
      tls: { mode: "Passthrough" },
      ...fields,
    })),
  },
});
const route = (name: string, hostnames: readonly string[], spec: object = {}) => ({
  apiVersion: API,
  kind: "TLSRoute",
  metadata: { name },
  spec: {
    parentRefs: [{ name: "g" }],
    hostnames,
    rules: [{ backendRefs: [{ name: "a.example.org", port: 443 }] }],
    ...spec,
  },
});

test("the winner, its shares, and why each of the others lost", () => {
  const refs = [
    { name: "absent", port: 1 },
    { name: "b.example.org", port: 2, weight: 3 },
  ];
  const [explained] = explain(
    snapshot(
      gateway({}, { hostname: "*.example" }, { hostname: "a.b", tls: { mode: "Terminate" } }),
      route("r", ["a.example"], { rules: [{ backendRefs: refs }] }),
      route("s", ["a.example"]),
      route("t", ["*.example"]),
      route("u", ["b.example"]),
      route("v", ["a.example"], { parentRefs: [{ name: "g", sectionName: "none" }] }),
      route("w", ["a.org"]),
    ),
    { serverName: "a.example" },
  );
  assert.ok(explained !== undefined);
  assert.deepEqual(
    [explained.listener, explained.route, explained.outcome],
    ["default/g/l1", "TLSRoute/default/r", { action: "serve" }],
  );
  assert.deepEqual(
    explained.backends.map(({ share, addresses }) => [share, addresses]),
    [
      [0.25, []],
      [0.75, ["b.example.org:2"]],
    ],
  );
  const text = explanationText(explained);
  for (const said of [
    /backend .*\(25 %\): refused, .*BackendNotFound/,
    /not listener default\/g\/l0: its hostname \* is less specific than \*\.example/,
    /not listener default\/g\/l2: is not served: /,
    /not route TLSRoute\/default\/s: a\.example here belongs to TLSRoute\/default\/r/,
    /not route TLSRoute\/default\/t: \*\.example is less specific than the hostname of TLSRoute\/default\/r/,
    /not route TLSRoute\/default\/u: its hostnames \(b\.example\) do not cover a\.example/,
    /not route TLSRoute\/default\/v: is not attached: Gateway g has no listener with the name "none"/,
    /not route TLSRoute\/default\/w: is attached to default\/g\/l0, and the connection does not belong there/,
  ]) {
    assert.match(text, said);
  }
});

test("a client without a server name; a port that nobody listens at; HTTP", () => {
  const world = snapshot(
    gateway({ hostname: "*.example" }, { port: 80, protocol: "HTTP", tls: undefined }),
    route("r", ["a.example"]),
  );
  const [named] = explain(world, { serverName: undefined, port: 443 });
  assert.deepEqual(named?.outcome, { action: "refuse", reason: "no_server_name" });
  assert.match(named?.lost.listeners[0]?.why ?? "", /needs a server name/);
  assert.deepEqual(explain(world, { serverName: "a.example", port: 444 }), []);
  const http = explain(world, { serverName: "a.example", port: 80 });
  assert.deepEqual(http[0]?.outcome, { action: "answer" });
  assert.equal(isServed(http), false);
});

test("weight 0 for all is refused", () => {
  const world = snapshot(
    gateway({}),
    route("r", ["a.example"], { rules: [{ backendRefs: [{ name: "b.example.org", port: 1, weight: 0 }] }] }),
  );
  const [explained] = explain(world, { serverName: "a.example" });
  assert.deepEqual(explained?.outcome, { action: "refuse", reason: "no_backend" });
});

const hostname = fc.constantFrom("a.x", "b.x", "a.b.x", "*.x", "*.b.x");
const worlds = fc.record({
  listeners: fc.uniqueArray(fc.option(hostname, { nil: undefined }), { minLength: 1, maxLength: 4 }),
  routes: fc.array(
    fc.record({
      hostnames: fc.uniqueArray(hostname, { minLength: 1, maxLength: 3 }),
      at: fc.option(fc.nat(3), { nil: undefined }),
      name: fc.constantFrom("b.example.org", "absent"),
    }),
    { maxLength: 5 },
  ),
  serverName: fc.constantFrom(undefined, "a.x", "b.x", "c.x", "a.b.x", "c.b.x", "x", "y"),
});

test("the winner is the proxies' own and the most specific of all that match; every other candidate is told why it lost", () => {
  fc.assert(
    fc.property(worlds, ({ listeners, routes, serverName }) => {
      const world = snapshot(
        gateway(...listeners.map((name) => (name === undefined ? {} : { hostname: name }))),
        ...routes.map(({ hostnames, at, name }, i) =>
          route(`r${i}`, hostnames, {
            parentRefs: [{ name: "g", ...(at !== undefined && { sectionName: `l${at}` }) }],
            rules: [{ backendRefs: [{ name, port: 443 }] }],
          }),
        ),
      );
      const [explained] = explain(world, { serverName });
      assert.ok(explained !== undefined);
      const config = translate(world).gateways.get("default/g")?.config;
      assert.ok(config !== undefined);
      const { path } = decideAt(tableOf(config), 443, serverName);
      assert.deepEqual([explained.listener, explained.route], [path.listener, path.route]);

      const matching = listeners
        .map((name: string | undefined, i) => ({ name: name ?? ANY_HOSTNAME, i }))
        .filter(({ name }) => name === ANY_HOSTNAME || (serverName !== undefined && covers(name, serverName)))
        .sort((a, b) => compareSpecificity(a.name, b.name));
      assert.equal(explained.listener, matching[0] === undefined ? undefined : `default/g/l${matching[0].i}`);

      const names = ({ name, why }: { name: string; why: string }) => (why === "" ? "" : name);
      const told = [explained.route ?? [], ...explained.lost.routes.map(names)].flat().sort();
      assert.deepEqual(told, routes.map((_, i) => `TLSRoute/default/r${i}`).sort());
      assert.equal(explained.lost.listeners.length, listeners.length - (explained.listener === undefined ? 0 : 1));
    }),
    { numRuns: 200 },
  );
});

test("a backend that is the Gateway itself is rejected as the proxies reject it", () => {
  const service = (name: string) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { ports: [{ port: 443 }] },
  });
  const slice = (name: string, ...addresses: string[]) => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses }],
    ports: [{ port: 443 }],
  });
  const to = (name: string) => ({ rules: [{ backendRefs: [{ name, port: 443 }] }] });
  const objects = [
    gateway({}),
    service("fsm-gateway-g"),
    slice("fsm-gateway-g", "10.0.0.1"),
    service("mixed"),
    slice("mixed", "10.0.0.1", "10.0.0.2"),
    route("own", ["own.example"], to("fsm-gateway-g")),
    route("mixed", ["mixed.example"], to("mixed")),
  ];
  const at = (serverName: string) => explain({ ...snapshot(...objects), provisions: true }, { serverName });
  const [own] = at("own.example");
  assert.deepEqual(own?.outcome, { action: "refuse", reason: "backend_loop" });
  assert.match(explanationText(own as NonNullable<typeof own>), /refused, every endpoint is an address of the Gateway/);
  const [mixed] = at("mixed.example");
  assert.deepEqual(mixed?.outcome, { action: "serve" });
  assert.deepEqual(mixed?.backends[0]?.addresses, ["10.0.0.2:443"]);
});

test("without a port only TLS listeners count: a TCP listener serves any client", () => {
  const world = snapshot(
    gateway({ hostname: "a.example" }, { port: 5432, protocol: "TCP", tls: undefined }),
    route("r", ["a.example"]),
    {
      apiVersion: API,
      kind: "TCPRoute",
      metadata: { name: "t" },
      spec: {
        parentRefs: [{ name: "g", port: 5432 }],
        rules: [{ backendRefs: [{ name: "a.example.org", port: 443 }] }],
      },
    },
  );
  const other = explain(world, { serverName: "b.example" });
  assert.deepEqual(
    other.map(({ port, protocol, outcome }) => [port, protocol, outcome.action]),
    [
      [443, "TLS", "refuse"],
      [5432, "TCP", "serve"],
    ],
  );
  assert.equal(isServed(other), false);
  assert.equal(isServed(other, 5432), true);
  assert.equal(isServed(explain(world, { serverName: "a.example" })), true);
  assert.equal(
    resultText(other, { serverName: "b.example" }),
    "b.example: refused by every TLS listener; Gateway default/g, port 5432 takes any connection (--port 5432 asks about it)",
  );
  const onPort = explain(world, { serverName: "b.example", port: 5432 });
  assert.equal(
    resultText(onPort, { serverName: "b.example", port: 5432 }),
    "b.example: served by Gateway default/g, port 5432",
  );
});

test("the nearest losers come first, and the text has five of each kind unless more are requested", () => {
  const names = ["zzz.org", "shop.example.org", "shops.example.com", "q.r", "x.example.com", "s.t", "u.v", "w.y"];
  const [explained] = explain(snapshot(gateway({}), ...names.map((name, i) => route(`r${i}`, [name]))), {
    serverName: "shop.example.com",
  });
  assert.ok(explained);
  assert.equal(explained.lost.routes.length, names.length);
  assert.deepEqual(
    explained.lost.routes.slice(0, 3).map(({ name }) => name),
    ["TLSRoute/default/r2", "TLSRoute/default/r1", "TLSRoute/default/r4"],
  );
  const lines = (text: string) => text.split("\n").filter((line) => line.includes("not route "));
  assert.equal(lines(explanationText(explained)).length, 5);
  assert.match(explanationText(explained), /\n {2}and 3 more routes \(--all\)$/);
  assert.equal(lines(explanationText(explained, Number.POSITIVE_INFINITY)).length, names.length);
});
