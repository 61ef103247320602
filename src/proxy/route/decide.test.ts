import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backend, deltaBetween, listener, route, service } from "../../../test/wire/config.ts";
import type { BackendTls, ListenerResource, Resource, TerminateTls } from "../../model/proxy-config.ts";
import { Balancer } from "../balance/balancer.ts";
import { applyDelta } from "./apply-delta.ts";
import { decide, MAX_ENDPOINTS_TRIED } from "./decide.ts";
import { EMPTY_TABLE } from "./route-table.ts";

const tableOf = (...resources: Resource[]) => {
  const applied = applyDelta(EMPTY_TABLE, deltaBetween([], resources));
  assert.ok("ok" in applied, JSON.stringify(applied));
  return applied.ok;
};

const deciderFor = (...resources: Resource[]) => {
  const table = tableOf(...resources);
  const balancer = new Balancer(() => 0);
  return (serverName: string | undefined, port = 443) => decide(table, balancer, { port, serverName });
};

const svc = service("s", "10.0.0.1:1");

/** The route that takes the name, or the reason why none does. */
const outcomes = (...resources: Resource[]) => {
  const decideFor = deciderFor(...svc, ...resources);
  return (serverName: string | undefined, port?: number) => {
    const decision = decideFor(serverName, port);
    return decision.action === "refuse" ? decision.reason : (decision.path.route ?? decision.action);
  };
};

test("the most specific listener takes the connection and keeps it", () => {
  const outcome = outcomes(
    listener("exact", 443, "a.b.example"),
    listener("long", 443, "*.b.example"),
    listener("short", 443, "*.example"),
    listener("any", 443),
    route("r-exact", "exact", [], { s: 1 }),
    route("r-long", "long", ["*.b.example"], { s: 1 }),
    route("r-short", "short", ["*.example"], { s: 1 }),
    route("r-any", "any", ["*"], { s: 1 }),
  );
  assert.equal(outcome("a.b.example"), "no_matching_route", "no fallback to a less specific listener");
  assert.equal(outcome("x.b.example"), "r-long");
  assert.equal(outcome("x.y.b.example"), "r-long");
  assert.equal(outcome("b.example"), "r-short", "a wildcard does not match its apex");
  assert.equal(outcome("example"), "r-any");
  assert.equal(outcome("elsewhere.test"), "r-any");
  assert.equal(outcome(undefined), "r-any");
  assert.equal(outcome("a.b.example", 8443), "no_matching_listener");
});

test("within a listener the most specific hostname wins", () => {
  const outcome = outcomes(
    listener("l", 443),
    route("exact", "l", ["a.b.example"], { s: 1 }),
    route("long", "l", ["*.b.example"], { s: 1 }),
    route("short", "l", ["*.example"], { s: 1 }),
  );
  assert.equal(outcome("a.b.example"), "exact");
  assert.equal(outcome("c.b.example"), "long");
  assert.equal(outcome("c.a.b.example"), "long");
  assert.equal(outcome("b.example"), "short");
  assert.equal(outcome("example"), "no_matching_route");
});

test("a connection without a server name goes only where listener and route have no hostnames", () => {
  const named = outcomes(listener("l", 443, "*.example"), route("r", "l", ["*"], { s: 1 }));
  assert.equal(named(undefined), "no_server_name");
  assert.equal(named("a.example"), "r");
  assert.equal(named("a.test"), "no_matching_listener");
  const bare = outcomes(listener("l", 443), route("r", "l", ["*.example"], { s: 1 }));
  assert.equal(bare(undefined), "no_server_name");
  assert.equal(outcomes(listener("l", 443), route("r", "l", ["*"], { s: 1 }))(undefined), "r");
});

test("matching agrees with the definition", () => {
  const labels = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 }).map((list) => list.join("."));
  const hostnames = fc.uniqueArray(
    fc.oneof(
      labels,
      labels.map((name) => `*.${name}`),
      fc.constant("*"),
    ),
  );
  const matches = (pattern: string, name: string) =>
    pattern === "*" || pattern === name || (pattern.startsWith("*.") && name.endsWith(pattern.slice(1)));
  const specificity = (pattern: string) =>
    pattern === "*" ? 0 : pattern.startsWith("*") ? pattern.length : 1_000 + pattern.length;
  fc.assert(
    fc.property(hostnames, labels, (patterns, name) => {
      const routes = patterns.map((pattern) => route(pattern, "l", [pattern], { s: 1 }));
      const expected = patterns
        .filter((pattern) => matches(pattern, name))
        .sort((one, other) => specificity(other) - specificity(one))[0];
      assert.equal(outcomes(listener("l", 443), ...routes)(name), expected ?? "no_matching_route");
    }),
  );
});

test("weights are exact in every run of their sum", () => {
  const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, (shares) => {
      const names = shares.map((_, index) => `b${index}`);
      const decideFor = deciderFor(
        ...names.flatMap((name) => service(name, "10.0.0.1:1")),
        listener("l", 443),
        route("r", "l", ["*"], Object.fromEntries(names.map((name, index) => [name, shares[index]!]))),
      );
      const sum = shares.reduce((total, share) => total + share, 0);
      const counts = shares.map(() => 0);
      for (let turn = 0; turn < 3 * sum; turn++) counts[Number(decideFor("x.y").path.backend?.slice(1))]!++;
      assert.deepEqual(
        counts,
        shares.map((share) => 3 * share),
      );
      if (sum === 0) assert.deepEqual(decideFor("x.y"), refusal("no_backend"));
    }),
  );
});

const refusal = (reason: string, backendName?: string) => ({
  action: "refuse",
  reason,
  path: { listener: "l", route: "r", ...(backendName === undefined ? {} : { backend: backendName }) },
});

test("backends that cannot be used keep their share, which is refused", () => {
  const decideFor = deciderFor(
    ...svc,
    ...service("empty"),
    backend("gone", { type: "invalid", reason: "BackendNotFound" }),
    listener("l", 443),
    route("r", "l", ["*"], { s: 2, gone: 1, empty: 1 }),
  );
  const reasons = Array.from({ length: 8 }, () => {
    const decision = decideFor(undefined);
    return decision.action === "refuse" ? `${decision.reason} ${decision.path.backend}` : decision.action;
  });
  assert.deepEqual(
    reasons.sort(),
    [
      ...Array(4).fill("dial"),
      ...Array(2).fill("invalid_backend gone"),
      ...Array(2).fill("no_ready_endpoint empty"),
    ].sort(),
  );
});

test("a route without backends refuses", () => {
  assert.deepEqual(deciderFor(listener("l", 443), route("r", "l", ["*"], {}))("a.b"), refusal("no_backend"));
});

test("an external backend names its host and port", () => {
  const decision = deciderFor(
    backend("httpbin", { type: "external", host: "httpbin.org", port: 443 }),
    listener("l", 443),
    route("r", "l", ["*"], { httpbin: 1 }),
  )("httpbin.org");
  assert.deepEqual(decision, {
    action: "dial",
    target: { type: "external", host: "httpbin.org", port: 443 },
    path: { listener: "l", route: "r", backend: "httpbin" },
  });
});

test("endpoints are tried in turn, each connection beginning at the next one", () => {
  const addresses = Array.from({ length: 10 }, (_, index) => `10.0.0.${index}:1`);
  const decideFor = deciderFor(...service("s", ...addresses), listener("l", 443), route("r", "l", ["*"], { s: 1 }));
  for (let turn = 0; turn < 20; turn++) {
    const decision = decideFor("a.b");
    assert.ok(decision.action === "dial" && decision.target.type === "endpoints");
    assert.deepEqual(
      decision.target.endpoints.map(({ address }) => address),
      Array.from({ length: MAX_ENDPOINTS_TRIED }, (_, index) => `10.0.0.${(turn + index) % 10}`),
    );
  }
});

test("the round robin begins at a chance endpoint, so that changes favour none", () => {
  const resources = [...service("s", "10.0.0.0:1", "10.0.0.1:1"), listener("l", 443), route("r", "l", ["*"], { s: 1 })];
  const firstWith = (random: number) => {
    const decision = decide(tableOf(...resources), new Balancer(() => random), { port: 443, serverName: "a.b" });
    return decision.action === "dial" && decision.target.type === "endpoints" && decision.target.endpoints[0]?.address;
  };
  assert.equal(firstWith(0.1), "10.0.0.0");
  assert.equal(firstWith(0.9), "10.0.0.1");
});

const terminate: TerminateTls = { mode: "Terminate", certificates: ["ns/cert"] };
const cert: Resource = { kind: "certificate", name: "ns/cert", certificate: "leaf", privateKey: "key" };
const verified: BackendTls = { type: "verified", serverName: "pod.x", subjectAltNames: [], authorities: "system" };
const [plain, svcEndpoints] = svc;
const one = { type: "endpoints", endpoints: [{ address: "10.0.0.1", port: 1 }] };
const path = { listener: "l", route: "r", backend: "s" };

const end: ListenerResource = { kind: "listener", name: "l", port: 443, protocol: "TLS", tls: terminate };
const tcp: ListenerResource = { kind: "listener", name: "l", port: 443, protocol: "TCP" };

/** What becomes of connections to this listener, whose one route takes every name, and whose backend is encrypted like this. */
const layersOf = (front: ListenerResource, tls?: BackendTls) =>
  deciderFor(
    front,
    cert,
    { ...plain, ...(tls === undefined ? {} : { tls }) },
    svcEndpoints,
    route("r", "l", ["*"], { s: 1 }),
  )("a.b");

test("a Terminate listener's connections are decrypted, and encrypted anew only where that is asked for", () => {
  assert.deepEqual(layersOf(end), { action: "dial", target: one, decrypt: terminate, path });
  assert.deepEqual(layersOf(end, verified), {
    action: "dial",
    target: one,
    decrypt: terminate,
    encrypt: verified,
    path,
  });
});

test("a decrypted connection is refused rather than sent to a backend that cannot be verified", () => {
  const decision = layersOf(end, { type: "invalid", reason: "no such ConfigMap" });
  assert.deepEqual(decision, { action: "refuse", reason: "invalid_backend", detail: "no such ConfigMap", path });
});

test("what is not decrypted is passed on as it is, whatever the backend's TLS", () => {
  for (const tls of [verified, { type: "invalid", reason: "no such ConfigMap" } as const]) {
    for (const front of [tcp, listener("l", 443)]) {
      assert.deepEqual(layersOf(front, tls), { action: "dial", target: one, path });
    }
  }
});

test("a Terminate listener without a route for the name refuses like any other", () => {
  const decideFor = deciderFor(cert, end);
  assert.deepEqual(decideFor("a.b"), { action: "refuse", reason: "no_matching_route", path: { listener: "l" } });
  assert.deepEqual(decideFor(undefined), { action: "refuse", reason: "no_server_name", path: { listener: "l" } });
});

test("Passthrough and Terminate share a port, told apart by the server name", () => {
  const decideFor = deciderFor(
    ...svc,
    cert,
    listener("pass", 443, "pass.x"),
    { ...end, name: "end", hostname: "end.x" },
    route("r-pass", "pass", ["pass.x"], { s: 1 }),
    route("r-end", "end", ["end.x"], { s: 1 }),
  );
  const layers = ["pass.x", "end.x"].map((name) => {
    const decision = decideFor(name);
    return decision.action === "dial" && [decision.path.route, decision.decrypt];
  });
  assert.deepEqual(layers, [
    ["r-pass", undefined],
    ["r-end", terminate],
  ]);
});

test("a TCP listener takes every connection of its port, or says that it has no route", () => {
  const outcome = outcomes(tcp, route("r", "l", ["*"], { s: 1 }));
  assert.equal(outcome(undefined), "r");
  assert.equal(outcomes(tcp)(undefined), "no_matching_route");
});

test("HTTP and HTTPS listeners answer by themselves, the latter beneath their TLS", () => {
  const http: ListenerResource = { kind: "listener", name: "web", port: 80, protocol: "HTTP" };
  const named: ListenerResource = { ...http, name: "named", port: 81, hostname: "a.x" };
  const https: ListenerResource = { ...http, name: "s", port: 443, hostname: "*.x", protocol: "HTTPS", tls: terminate };
  const decideFor = deciderFor(http, named, https, cert);
  assert.deepEqual(decideFor(undefined, 80), { action: "answer", path: { listener: "web" } });
  assert.deepEqual(decideFor(undefined, 81), { action: "answer", path: {} });
  assert.deepEqual(decideFor("a.x"), { action: "answer", decrypt: terminate, path: { listener: "s" } });
  assert.deepEqual(decideFor("a.y"), { action: "refuse", reason: "no_matching_listener", path: {} });
  assert.deepEqual(decideFor(undefined), { action: "refuse", reason: "no_server_name", path: {} });
});

test("a port that has just lost its listeners refuses", () => {
  assert.deepEqual(deciderFor()(undefined), { action: "refuse", reason: "no_matching_listener", path: {} });
});
