import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Snapshot, UnreadableScopes } from "../model/snapshot.ts";
import { comparable } from "./testing/comparable.ts";
import {
  bigSnapshot,
  gateway,
  NAMESPACE,
  OUR_CLASS,
  passthrough,
  service,
  slice,
  tlsRoute,
  withEndpoint,
} from "./testing/world.ts";
import { translate } from "./translate.ts";
import { Translator } from "./translator.ts";

const NAMES = ["a", "b", "c"] as const;
const name = fc.constantFrom(...NAMES);
const hostname = fc.constantFrom("a.example.com", "b.example.com", "*.example.com", "other.test");
const times = fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");

/** One edit of a cluster: what `kubectl apply` or `delete` of one object does to the snapshot. */
type Edit = (snapshot: Snapshot) => Snapshot;

function put<T extends { metadata: { name: string } }>(list: readonly T[], object: T): readonly T[] {
  return [...list.filter(({ metadata }) => metadata.name !== object.metadata.name), object];
}

function without<T extends { metadata: { name: string } }>(list: readonly T[], gone: string): readonly T[] {
  return list.filter(({ metadata }) => metadata.name !== gone);
}

const ports = fc.uniqueArray(fc.constantFrom(443, 8443), { minLength: 1 });
const gateways = fc.tuple(name, ports, fc.option(hostname), fc.option(name)).map(
  ([n, ports, host, parametersName]): Edit =>
    (s) => {
      const listeners = ports.map((port) => passthrough(`p${port}`, port, host ?? undefined));
      const made = gateway(n, [...listeners, { name: "tcp", port: 9001, protocol: "TCP" }]);
      const allowedListeners = { namespaces: { from: "Same" } };
      const parametersRef = { group: "gateway.fsm.dev", kind: "GatewayParameters", name: parametersName ?? "" };
      const infrastructure = parametersName === null ? {} : { infrastructure: { parametersRef } };
      return {
        ...s,
        gateways: put(s.gateways, { ...made, spec: { ...made.spec, allowedListeners, ...infrastructure } }),
      };
    },
);
const routes = fc
  .record({
    name,
    parents: fc.subarray([...NAMES]),
    hostnames: fc.uniqueArray(hostname, { minLength: 1 }),
    service: fc.oneof(name, fc.constant("db.example.com")),
    createdAt: times,
  })
  .map(
    ({ name: n, ...choices }): Edit =>
      (s) => ({ ...s, tlsRoutes: put(s.tlsRoutes, tlsRoute(n, choices)) }),
  );
const services = name.map(
  (n): Edit =>
    (s) => ({ ...s, services: put(s.services, service(n)) }),
);
const slices = fc.tuple(name, fc.uniqueArray(fc.constantFrom("10.0.0.1", "10.0.0.2"))).map(
  ([n, addresses]): Edit =>
    (s) => ({ ...s, endpointSlices: put(s.endpointSlices, slice(n, addresses)) }),
);
const tcpRoutes = fc.tuple(name, fc.subarray([...NAMES]), name, times).map(
  ([n, parents, to, createdAt]): Edit =>
    (s) => {
      const { metadata, spec, apiVersion } = tlsRoute(n, { parents, service: to, createdAt });
      const { hostnames: _, ...rest } = spec;
      return { ...s, tcpRoutes: put(s.tcpRoutes, { apiVersion, kind: "TCPRoute", metadata, spec: rest }) };
    },
);
const listenerSets = fc.tuple(name, name, fc.constantFrom(443, 9443), times).map(
  ([n, parent, port, createdAt]): Edit =>
    (s) => {
      const metadata = { name: n, namespace: NAMESPACE, uid: `set-${n}`, generation: 1, creationTimestamp: createdAt };
      const spec = {
        parentRef: { name: parent },
        listeners: [passthrough("set", port), { name: "tcp", port: 9000, protocol: "TCP" }],
      };
      return {
        ...s,
        listenerSets: put(s.listenerSets, {
          apiVersion: "gateway.networking.k8s.io/v1",
          kind: "ListenerSet",
          metadata,
          spec,
        }),
      };
    },
);
const policies = fc.tuple(name, name, times).map(
  ([n, target, createdAt]): Edit =>
    (s) => {
      const metadata = {
        name: n,
        namespace: NAMESPACE,
        uid: `policy-${n}`,
        generation: 1,
        creationTimestamp: createdAt,
      };
      const validation = { hostname: "backend.test", wellKnownCACertificates: "System" };
      const spec = { targetRefs: [{ group: "", kind: "Service", name: target }], validation };
      const policy = { apiVersion: "gateway.networking.k8s.io/v1", kind: "BackendTLSPolicy", metadata, spec };
      return { ...s, backendTlsPolicies: put(s.backendTlsPolicies, policy) };
    },
);
const parameters = fc.tuple(name, fc.constantFrom("debug" as const, "warn" as const)).map(
  ([n, level]): Edit =>
    (s) => {
      const metadata = { name: n, namespace: NAMESPACE, uid: `parameters-${n}`, generation: 1 };
      const made = {
        apiVersion: "gateway.fsm.dev/v1alpha1",
        kind: "GatewayParameters",
        metadata,
        spec: { logging: { level } },
      };
      return { ...s, gatewayParameters: put(s.gatewayParameters, made) };
    },
);
const removals = fc
  .tuple(
    fc.constantFrom(
      "gatewayParameters",
      "gateways",
      "listenerSets",
      "tlsRoutes",
      "tcpRoutes",
      "services",
      "backendTlsPolicies",
    ),
    name,
  )
  .map(
    ([kind, n]): Edit =>
      (s) => ({ ...s, [kind]: without<Snapshot["gateways"][number]>(s[kind] as never, n) }),
  );
const reports = fc.tuple(name, fc.boolean()).map(
  ([n, fails]): Edit =>
    (s) => {
      const unresolvedHosts = fails
        ? [{ host: "x.test", reason: "no_address" as const, message: "x.test has no address" }]
        : [];
      const deployment = {
        provisionedFor: `gateway-${n}`,
        addresses: [],
        readyPorts: [443],
        proxies: [{ revision: "r", listeners: [], unresolvedHosts }],
      };
      return { ...s, deployments: new Map([...s.deployments, [`${NAMESPACE}/${n}`, deployment]]) };
    },
);
const externalHosts = fc
  .record({
    enabled: fc.boolean(),
    allowedNames: fc.subarray(["example.com", "example.org"]),
    deniedCidrs: fc.subarray(["10.96.0.0/12", "169.254.0.0/16"]),
  })
  .map(
    (policy): Edit =>
      (s) => ({ ...s, externalHosts: policy }),
  );
const classes = fc
  .constantFrom<readonly Snapshot["gatewayClasses"][number][]>(
    [],
    [OUR_CLASS],
    [{ ...OUR_CLASS, spec: { controllerName: "test.example/other" } }],
  )
  .map(
    (gatewayClasses): Edit =>
      (s) => ({ ...s, gatewayClasses }),
  );
const edits = fc.array(
  fc.oneof(
    externalHosts,
    classes,
    gateways,
    listenerSets,
    routes,
    tcpRoutes,
    services,
    slices,
    policies,
    parameters,
    removals,
    reports,
  ),
  {
    minLength: 1,
    maxLength: 25,
  },
);

test("a translator gives after every edit what a fresh one gives", () => {
  fc.assert(
    fc.property(edits, (sequence) => {
      const translator = new Translator();
      let snapshot: Snapshot = { ...bigSnapshot(0), gateways: [] };
      for (const edit of sequence) {
        snapshot = edit(snapshot);
        assert.deepEqual(comparable(translator.translate(snapshot)), comparable(translate(snapshot)));
      }
    }),
    { numRuns: 1_000 },
  );
});

test("an endpoint that two routes share is counted once in the revision", () => {
  const translator = new Translator();
  const snapshot = bigSnapshot(1);
  const shared = { ...snapshot, tlsRoutes: [tlsRoute("r0"), tlsRoute("other", { service: "r0" })] };
  translator.translate(shared);
  const changed = withEndpoint(shared, 0, "10.9.9.9");
  assert.deepEqual(comparable(translator.translate(changed)), comparable(translate(changed)));
});

test("what an edit does not touch is the same object as before", () => {
  const translator = new Translator();
  const snapshot = bigSnapshot(3);
  const before = translator.translate(snapshot);
  const after = translator.translate(withEndpoint(snapshot, 1, "10.9.9.9"));
  const resources = [before, after].map((plan) => plan.gateways.get(`${NAMESPACE}/gateway`)?.config.resources);
  const changed = [...(resources[1] ?? [])].filter(([key, value]) => resources[0]?.get(key) !== value);
  assert.deepEqual(
    changed.map(([key]) => key).filter((key) => key.startsWith("endpoints:")),
    [`endpoints:${NAMESPACE}/r1:443`],
  );
  const statuses = after.statuses.filter((status) => status.kind === "TLSRoute" && before.statuses.includes(status));
  assert.deepEqual(
    statuses.map((status) => status.name),
    ["r0", "r2"],
  );
});

test("the same snapshot again gives the same configuration", () => {
  const translator = new Translator();
  const snapshot = bigSnapshot(3);
  const config = () => translator.translate(snapshot).gateways.get(`${NAMESPACE}/gateway`)?.config;
  assert.equal(config(), config());
});

test("one more route, and one less, leaves all other statuses and resources the same objects", () => {
  const translator = new Translator();
  const snapshot = bigSnapshot(3);
  const more = { ...snapshot, tlsRoutes: [...snapshot.tlsRoutes, tlsRoute("new", { service: "r1" })] };
  const plans = [snapshot, more, { ...snapshot }].map((one) => translator.translate(one));
  const routesOf = (plan = plans[0]) => (plan?.statuses ?? []).filter(({ kind }) => kind === "TLSRoute");
  const resourcesOf = (plan = plans[0]) => plan?.gateways.get(`${NAMESPACE}/gateway`)?.config.resources ?? new Map();
  for (const plan of plans.slice(1)) {
    assert.deepEqual(
      routesOf(plan)
        .filter((status) => !routesOf().includes(status))
        .map(({ name }) => name),
      plan === plans[1] ? ["new"] : [],
    );
    for (const [key, resource] of resourcesOf()) assert.equal(resourcesOf(plan).get(key), resource);
  }
  assert.equal(resourcesOf(plans[1]).size, resourcesOf().size + 1);
  assert.equal(resourcesOf(plans[2]).size, resourcesOf().size);
});

test("a ListenerSet more leaves the routes of the others as they were", () => {
  const translator = new Translator();
  const snapshot = bigSnapshot(0);
  const set = (name: string): Snapshot["listenerSets"][number] => ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "ListenerSet",
    metadata: { name, namespace: NAMESPACE, uid: name, generation: 1 },
    spec: { parentRef: { name: "gateway" }, listeners: [passthrough("tls", 443, `*.${name}.test`)] },
  });
  const [base] = snapshot.gateways;
  assert.ok(base);
  const gateways = [{ ...base, spec: { ...base.spec, allowedListeners: { namespaces: { from: "Same" } } } }];
  const parentRefs = [{ kind: "ListenerSet", name: "a" }];
  const route = tlsRoute("r", { hostnames: ["r.a.test"] });
  const tlsRoutes = [{ ...route, spec: { ...route.spec, parentRefs } }];
  const services = [service("r")];
  const before = { ...snapshot, gateways, tlsRoutes, services, listenerSets: [set("a")] };
  const after = { ...before, listenerSets: [...before.listenerSets, set("b")] };
  const [first, second] = [before, after].map((one) => translator.translate(one));
  const statusOf = (plan = first) => plan?.statuses.find(({ kind }) => kind === "TLSRoute");
  assert.ok(statusOf());
  assert.equal(statusOf(second), statusOf());
  assert.ok(second);
  assert.deepEqual(comparable(second), comparable(translate(after)));
});

test("a hostname that its route gives up goes to the best of the others, whichever came first", () => {
  const translator = new Translator();
  const claimants = ["third", "first", "second", "fourth"].map((name, i) =>
    tlsRoute(name, { hostnames: ["a.example.com"], service: "r0", createdAt: `2026-01-0${[3, 1, 2, 4][i]}T00:00:00Z` }),
  );
  const winners = ["first", "second", "third", "fourth"];
  for (let gone = 0; gone < winners.length; gone++) {
    const left = claimants.filter(({ metadata }) => !winners.slice(0, gone).includes(metadata.name));
    const snapshot = { ...bigSnapshot(0), services: [service("r0")], tlsRoutes: left };
    const plan = translator.translate(snapshot);
    assert.deepEqual(comparable(plan), comparable(translate(snapshot)));
    const resources = [...(plan.gateways.get(`${NAMESPACE}/gateway`)?.config.resources.keys() ?? [])];
    assert.deepEqual(
      resources.filter((key) => key.startsWith("route:")),
      [`route:TLSRoute/${NAMESPACE}/${winners[gone]}`],
    );
  }
});

test("a route gets another of its hostnames when the route that holds the first takes the second", () => {
  const translator = new Translator();
  const [x, y] = ["x.example.com", "y.example.com"];
  const base = { ...bigSnapshot(0), services: [service("r0")] };
  const two = tlsRoute("two", { hostnames: [x, y], service: "r0", createdAt: "2026-01-02T00:00:00Z" });
  const oldest = tlsRoute("oldest", { hostnames: [x], service: "r0", createdAt: "2025-01-01T00:00:00Z" });
  const older = (taken: string) => tlsRoute("one", { hostnames: [taken], service: "r0" });
  const served = [[older(x)], [older(y)], [older(x)], [oldest, older(x)]].map((others) => {
    const snapshot = { ...base, tlsRoutes: [...others, two] };
    const plan = translator.translate(snapshot);
    assert.deepEqual(comparable(plan), comparable(translate(snapshot)));
    const route = plan.gateways.get(`${NAMESPACE}/gateway`)?.config.resources.get(`route:TLSRoute/${NAMESPACE}/two`);
    return [x, y].filter((hostname) => JSON.stringify(route).includes(hostname));
  });
  assert.deepEqual(served, [[y], [x], [y], [y]]);
});

test("how proxies log changes with the parameters, and goes with them", () => {
  const translator = new Translator();
  const snapshot = bigSnapshot(1);
  const [base] = snapshot.gateways;
  assert.ok(base);
  const parametersRef = { group: "gateway.fsm.dev", kind: "GatewayParameters", name: "p" };
  const gateways = [{ ...base, spec: { ...base.spec, infrastructure: { parametersRef } } }];
  const levels = (["debug", "warn", undefined] as const).map((level) => {
    const gatewayParameters = [
      {
        apiVersion: "gateway.fsm.dev/v1alpha1",
        kind: "GatewayParameters",
        metadata: { name: "p", namespace: NAMESPACE, uid: "p", generation: 1 },
        spec: level === undefined ? {} : { logging: { level } },
      },
    ];
    const changed = { ...snapshot, gateways, gatewayParameters };
    const plan = translator.translate(changed);
    assert.deepEqual(comparable(plan), comparable(translate(changed)));
    const resources = [...(plan.gateways.get(`${NAMESPACE}/gateway`)?.config.resources.values() ?? [])];
    return resources.flatMap(({ resource }) => (resource.kind === "settings" ? [resource.logging?.level] : []));
  });
  assert.deepEqual(levels, [["debug"], ["warn"], []]);
});

test("what was looked up is known, whether it exists or not, with the Gateways that depend on it", () => {
  const listener = {
    ...{ name: "ending", port: 8443, protocol: "TLS" },
    tls: { mode: "Terminate", certificateRefs: [{ name: "certificate" }] },
  };
  const policy = {
    ...{ apiVersion: "gateway.networking.k8s.io/v1", kind: "BackendTLSPolicy" },
    metadata: { name: "verified", namespace: NAMESPACE, uid: "policy", generation: 1 },
    spec: {
      targetRefs: [{ group: "", kind: "Service", name: "r0" }],
      validation: { hostname: "r0.test", caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "authorities" }] },
    },
  };
  const snapshot = bigSnapshot(2);
  const translator = new Translator();
  translator.translate(snapshot);
  assert.deepEqual([...translator.lookedUp("secret"), ...translator.lookedUp("configMap")], []);
  assert.deepEqual([...translator.dependentGateways("secret", `${NAMESPACE}/certificate`)], []);

  const gateways = [...snapshot.gateways, gateway("other", [listener])];
  translator.translate({ ...snapshot, gateways, backendTlsPolicies: [policy] });
  assert.deepEqual([...new Set(translator.lookedUp("secret"))], [`${NAMESPACE}/certificate`]);
  assert.deepEqual([...translator.dependentGateways("secret", `${NAMESPACE}/certificate`)], [`${NAMESPACE}/other`]);
  assert.deepEqual([...new Set(translator.lookedUp("configMap"))], [`${NAMESPACE}/authorities`]);
  assert.deepEqual(
    [...translator.dependentGateways("configMap", `${NAMESPACE}/authorities`)],
    [`${NAMESPACE}/gateway`],
  );

  translator.translate(snapshot);
  assert.deepEqual([...translator.lookedUp("secret"), ...translator.lookedUp("configMap")], []);
});

test("a missing right to read Secrets or ConfigMaps is reported, in a namespace or in all, until it is granted", () => {
  const none: ReadonlySet<string> = new Set();
  const listener = {
    ...{ name: "ending", port: 8443, protocol: "TLS" },
    tls: { mode: "Terminate", certificateRefs: [{ name: "certificate" }] },
  };
  const validation = { caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "clients" }] };
  const verifying = gateway("verifying", [listener]);
  const tls = { frontend: { default: { validation } } };
  const snapshot = {
    ...bigSnapshot(0),
    gateways: [gateway("other", [listener]), { ...verifying, spec: { ...verifying.spec, tls } }],
  };
  const translator = new Translator();
  const missing = (unreadable?: UnreadableScopes) => {
    const { statuses } = translator.translate({ ...snapshot, ...(unreadable !== undefined && { unreadable }) });
    assert.deepEqual([...new Set(translator.lookedUp("secret"))], [`${NAMESPACE}/certificate`], "still looked up");
    return [
      ...new Set(
        JSON.stringify(statuses).match(
          /may not list and watch (Secrets|ConfigMaps) in (namespace \w+|all namespaces)/g,
        ),
      ),
    ];
  };
  assert.deepEqual(missing(), []);
  const secrets = { Secret: new Set([NAMESPACE, "unused"]), ConfigMap: none };
  assert.deepEqual(missing(secrets), [`may not list and watch Secrets in namespace ${NAMESPACE}`]);
  assert.deepEqual(missing({ ...secrets, ConfigMap: new Set([""]) }), [
    `may not list and watch Secrets in namespace ${NAMESPACE}`,
    "may not list and watch ConfigMaps in all namespaces",
  ]);
  assert.deepEqual(missing({ Secret: new Set(["unused"]), ConfigMap: none }), []);
  assert.deepEqual(missing(secrets).length, 1);
  assert.deepEqual(missing(), []);
});

test("other namespaces to read are noticed", () => {
  const listener = {
    ...{ name: "ending", port: 8443, protocol: "TLS" },
    tls: { mode: "Terminate", certificateRefs: [{ name: "certificate" }] },
  };
  const snapshot = { ...bigSnapshot(0), gateways: [gateway("other", [listener])] };
  const translator = new Translator();
  const refusal = (certificateNamespaces?: ReadonlySet<string>) =>
    JSON.stringify(
      translator.translate({ ...snapshot, ...(certificateNamespaces !== undefined && { certificateNamespaces }) }),
    ).includes("does not read Secrets");
  assert.deepEqual([refusal(), refusal(new Set()), refusal(new Set([NAMESPACE]))], [false, true, false]);
});
