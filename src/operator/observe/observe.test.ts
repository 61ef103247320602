import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Service } from "../../gateway-api/objects.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import { observeDeployment, takingBehind } from "./deployment.ts";
import { ProxyReports } from "./proxies.ts";

const report = (revision: string): ProxyReport => ({ revision, listeners: [], unresolvedHosts: [] });

function slice(pods: Readonly<Record<string, boolean>>): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "s" },
    addressType: "IPv4",
    endpoints: Object.entries(pods).map(([name, ready]) => ({
      addresses: ["10.0.0.1"],
      conditions: { ready },
      targetRef: { kind: "Pod", name },
    })),
    ports: [{ name: "tls", port: 8000 }],
  };
}

function observe(service: Service | undefined, slices: readonly EndpointSlice[], reports: Map<string, ProxyReport>) {
  return observeDeployment(service, takingBehind(slices), reports);
}

test("ports are ready only behind a ready Pod", () => {
  assert.deepEqual(observe(undefined, [slice({ a: false })], new Map()).deployment.readyPorts, []);
  assert.deepEqual(observe(undefined, [slice({ a: true })], new Map()).deployment.readyPorts, [8000]);
});

test("a ready Pod that has said nothing is silent; what an ending one says does not count", () => {
  const reports = new Map([
    ["heard", report("1")],
    ["ending", report("0")],
  ]);
  const { deployment, silent } = observe(undefined, [slice({ heard: true, silent: true, ending: false })], reports);
  assert.deepEqual(silent, ["silent"]);
  assert.equal(deployment.podsWithoutReport, 1);
  assert.deepEqual(deployment.proxies, [{ ...report("1"), pod: "heard" }]);
});

test("while no Pod is ready, all that is said counts: it may say why", () => {
  const { deployment } = observe(undefined, [slice({ a: false })], new Map([["a", report("1")]]));
  assert.equal(deployment.podsWithoutReport, 0);
  assert.deepEqual(deployment.proxies, [{ ...report("1"), pod: "a" }]);
});

test("addresses and host names of a LoadBalancer", () => {
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "s" },
    spec: {},
    status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { hostname: "lb.example.com" }, {}] } },
  } satisfies Service;
  assert.deepEqual(observe(service, [], new Map()).deployment.addresses, [
    { type: "IPAddress", value: "192.0.2.1" },
    { type: "Hostname", value: "lb.example.com" },
  ]);
});

const NONE: ReadonlySet<string> = new Set();

test("the last word of a proxy that takes connections stands for as long as it does: it serves what it said", () => {
  let nowMs = 0;
  const reports = new ProxyReports(() => nowMs);
  reports.report("ns/g", "a", report("1"));
  reports.gone("ns/g", "a");
  nowMs = 100_000;
  assert.equal(reports.of("ns/g", new Set(["a"])).get("a")?.revision, "1");
  assert.equal(reports.of("ns/g", NONE).size, 0);
  assert.equal(reports.of("ns/g", new Set(["a"])).size, 0, "what was forgotten is not remembered again");
});

test("the last word of a proxy that is gone stands for a while, and no longer", () => {
  let nowMs = 0;
  const reports = new ProxyReports(() => nowMs);
  reports.report("ns/g", "a", report("1"));
  reports.gone("ns/g", "a");
  nowMs = 19_999;
  assert.equal(reports.of("ns/g", NONE).get("a")?.revision, "1");
  nowMs = 20_000;
  assert.equal(reports.of("ns/g", NONE).size, 0);
});

test("a Gateway that is gone is forgotten with its last proxy, and not before", () => {
  let nowMs = 0;
  const reports = new ProxyReports(() => nowMs);
  for (const pod of ["a", "b"]) reports.report("ns/g", pod, report("1"));
  reports.gone("ns/g", "a");
  nowMs = 20_000;
  reports.forgetWithout(new Map());
  nowMs = 0;
  assert.deepEqual([...reports.of("ns/g", new Set(["a", "b"])).keys()], ["b"]);
});

test("a proxy that comes back is as if it had never been gone", () => {
  let nowMs = 0;
  const reports = new ProxyReports(() => nowMs);
  reports.report("ns/g", "a", report("1"));
  reports.gone("ns/g", "a");
  reports.report("ns/g", "a", report("2"));
  nowMs = 100_000;
  assert.equal(reports.of("ns/g", NONE).get("a")?.revision, "2");
  assert.equal(reports.of("ns/other", NONE).size, 0);
});

test("a report is news when it says more than which revision is served", () => {
  const reports = new ProxyReports(() => 0);
  const says = (said: Partial<ProxyReport>, proxyId = "a") =>
    reports.report("ns/g", proxyId, { ...report("1"), ...said });
  assert.equal(says({ revision: "" }), true);
  assert.equal(says({ revision: "1" }), true);
  assert.equal(says({ revision: "2" }), false);
  assert.equal(says({ revision: "2" }, "b"), true);
  const unresolved = { host: "h.example", reason: "dns_failed", message: "no answer" } as const;
  assert.equal(says({ revision: "2", unresolvedHosts: [unresolved] }), true);
  assert.equal(says({ revision: "3", unresolvedHosts: [unresolved] }), false);
  assert.equal(says({ revision: "3" }), true);
  const refusal = { revision: "4", reason: "port_conflict", message: "port 443" } as const;
  assert.equal(says({ revision: "3", refusal }), true);
  reports.gone("ns/g", "b");
  assert.equal(says({ revision: "5" }, "b"), false, "what it said stood meanwhile");
  assert.equal(reports.of("ns/g", NONE).get("b")?.revision, "5", "the newest is kept, news or not");
});

test("a Service's addresses are those at which the listeners' own ports are open", () => {
  const addresses = (spec: Service["spec"], status?: Service["status"]) => {
    const service: Service = {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "s" }, spec },
      ...(status && { status }),
    };
    return observe(service, [], new Map()).deployment.addresses.map(({ value }) => value);
  };
  const cluster = { clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1", "fd00::1"] };
  const balanced = { loadBalancer: { ingress: [{ ip: "192.0.2.1" }, { hostname: "lb.example" }] } };
  assert.deepEqual(addresses({ type: "LoadBalancer", ...cluster }), []);
  assert.deepEqual(addresses({ type: "LoadBalancer", ...cluster }, balanced), ["192.0.2.1", "lb.example"]);
  assert.deepEqual(addresses({ type: "ClusterIP", ...cluster }), cluster.clusterIPs);
  // A load balancer that is gone may not have tidied up yet.
  assert.deepEqual(addresses({ type: "NodePort", ...cluster }, balanced), cluster.clusterIPs);
  assert.deepEqual(addresses({ type: "ClusterIP", clusterIP: "10.0.0.1" }), ["10.0.0.1"]);
  assert.deepEqual(addresses({ type: "ClusterIP", clusterIP: "None" }), []);
});
