/**
 * What a new user gets wrong, and what they meet: for each mishap the condition, Event, message or log line from which the mend
 * is plain, word for word.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { service } from "./backends.ts";
import { type Condition, sentence } from "./conditions.ts";
import { deployedCluster } from "./deploy.ts";
import { apply, applyPair, programmedAddress } from "./gateways.ts";
import { freshGateway } from "./objects.ts";

const NAMESPACE = "default";

describe("mishaps of a new user", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let address: string;

  before(async () => {
    cluster = await deployedCluster();
    await applyPair(cluster, NAMESPACE, "good");
    address = await programmedAddress(cluster, NAMESPACE, "good");
  });

  after(() => cluster?.down());

  const get = async (...args: string[]) =>
    JSON.parse(await cluster.kubectlOrThrow(["-n", NAMESPACE, "get", ...args, "-o", "json"]));

  /** `Reason: message` of a condition, once its status is that. */
  function routeCondition(name: string, type: string, status: string): Promise<string> {
    return waitFor(`${type}=${status} on TLSRoute ${name}`, async () => {
      const { status: current } = await get("tlsroute", name);
      return sentence(current?.parents?.[0]?.conditions, type, status);
    });
  }

  function eventOn(kind: string, name: string, reason: string): Promise<string> {
    return waitFor(`Event ${reason} on ${kind} ${name}`, async () => {
      const selector = `involvedObject.kind=${kind},involvedObject.name=${name},reason=${reason}`;
      return (await get("events", "--field-selector", selector)).items[0]?.message;
    });
  }

  /** What the client of a route meets, and the proxy's line about that connection. */
  async function connectThrough(route: string, serverName: string) {
    const to = `${serverName}:443:${address}:8000`;
    const curl = ["curl", "-sS", "--max-time", "10", `https://${serverName}/`, "--connect-to", to];
    const { code, stderr } = await cluster.outside(curl);
    const line = await waitFor(`the proxy's line about ${serverName}`, async () => {
      const log = await cluster.kubectlOrThrow(["-n", NAMESPACE, "logs", "deployment/fsm-gateway-good"]);
      return log.split("\n").findLast((text) => text.includes(`"route":"TLSRoute/${NAMESPACE}/${route}"`));
    });
    return { code, stderr, line: JSON.parse(line) };
  }

  /** A route of the good Gateway, with a hostname of its own so that none takes another's connections. */
  function route(name: string, backend: { name: string; port: number }, parentRef: object = { name: "good" }) {
    const object = JSON.parse(freshGateway(name, { backend, hostnames: [`${name}.example`] }).route);
    object.spec.parentRefs = [parentRef];
    return object;
  }

  it("a Gateway of a class that does not exist: Event GatewayClassNotFound names those that do", async () => {
    await apply(cluster, NAMESPACE, freshGateway("classless", { gatewayClassName: "fms" }).gateway);
    const message = await eventOn("Gateway", "classless", "GatewayClassNotFound");
    assert.equal(message, "There is no GatewayClass fms; there is fsm");
  });

  it("a Gateway of another controller's class: nothing of ours is made, nothing is said", async () => {
    await cluster.apply(
      JSON.stringify({
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "GatewayClass",
        metadata: { name: "theirs" },
        spec: { controllerName: "example.com/theirs" },
      }),
    );
    await apply(cluster, NAMESPACE, freshGateway("foreign", { gatewayClassName: "theirs" }).gateway);
    // A Gateway of ours made later and served by now: the foreign one has been looked at.
    await applyPair(cluster, NAMESPACE, "later");
    await programmedAddress(cluster, NAMESPACE, "later");
    const label = "gateway.networking.k8s.io/gateway-name=foreign";
    assert.deepEqual((await get("deployments,services,serviceaccounts,configmaps", "-l", label)).items, []);
    const { status } = await get("gateway", "foreign");
    const written = (status?.conditions ?? []).filter((c: Condition) => c.lastTransitionTime > "1970-01-02");
    assert.deepEqual(written, []);
  });

  it("port 19001: refused at admission", async () => {
    const input = freshGateway("reserved", { port: 19001 }).gateway;
    const { code, stderr } = await cluster.kubectl(["-n", NAMESPACE, "apply", "-f", "-"], { input });
    assert.equal(code, 1);
    const message =
      "denied the request: spec.listeners[0].port: 19001 is reserved for the proxies' own health checks and metrics; take another port";
    assert.ok(stderr.includes(message), stderr);
  });

  it("two listeners with the same port and hostname: refused by the CRD's own rule", async () => {
    const gateway = JSON.parse(freshGateway("twins").gateway);
    const [listener] = gateway.spec.listeners;
    gateway.spec.listeners = [
      { ...listener, name: "one", hostname: "app.example" },
      { ...listener, name: "two", hostname: "app.example" },
    ];
    const { code, stderr } = await cluster.kubectl(["-n", NAMESPACE, "apply", "-f", "-"], {
      input: JSON.stringify(gateway),
    });
    assert.equal(code, 1);
    assert.match(stderr, /Combination of port, protocol and hostname must be unique for each listener/);
  });

  it("an external host that does not resolve: ResolvedRefs=False with its name; it recovers when the name appears", async () => {
    await apply(cluster, NAMESPACE, route("nameless", { name: "late.example", port: 443 }));
    const message = await routeCondition("nameless", "ResolvedRefs", "False");
    assert.equal(message, "BackendNotFound: rules[0].backendRefs[0]: late.example does not exist in DNS");
    await cluster.addOutsideHost("10.77.0.81", "late.example");
    assert.equal(await routeCondition("nameless", "ResolvedRefs", "True"), "ResolvedRefs: All references are resolved");
  });

  it("a backend that refuses: the client's connection is closed, the proxy's log names the endpoint", async () => {
    await cluster.addOutsideHost("10.77.0.82", "refuses.example");
    await apply(cluster, NAMESPACE, route("refuses", { name: "refuses.example", port: 4443 }));
    await routeCondition("refuses", "ResolvedRefs", "True");
    const { code, line } = await connectThrough("refuses", "refuses.example");
    assert.equal(code, 35, "curl: the connection was closed in the TLS handshake");
    assert.deepEqual([line.reason, line.endpoint], ["backend_refused", "10.77.0.82:4443"]);
  });

  it("a Service that does not exist: BackendNotFound names it", async () => {
    await apply(cluster, NAMESPACE, route("lost", { name: "nowhere", port: 443 }));
    const message = await routeCondition("lost", "ResolvedRefs", "False");
    assert.equal(message, "BackendNotFound: rules[0].backendRefs[0]: there is no Service nowhere in namespace default");
    assert.equal((await connectThrough("lost", "lost.example")).line.reason, "invalid_backend");
  });

  it("a Service without a ready endpoint: the condition says so, the log too", async () => {
    await apply(cluster, NAMESPACE, service("empty"), route("podless", { name: "empty", port: 443 }));
    const message = await routeCondition("podless", "ResolvedRefs", "True");
    const fix = "its selector matches no Pod. Correct spec.selector, or the labels of the Pods";
    assert.equal(message, `ResolvedRefs: Service empty has no endpoints on port 443: ${fix}`);
    assert.equal((await connectThrough("podless", "podless.example")).line.reason, "no_ready_endpoint");
  });

  it("a route in another namespace: NotAllowedByListeners names the listener's rule", async () => {
    await cluster.kubectlOrThrow(["create", "namespace", "elsewhere"]);
    const parentRef = { name: "good", namespace: NAMESPACE };
    await apply(cluster, "elsewhere", route("stranger", { name: "httpbin.org", port: 443 }, parentRef));
    const message = await waitFor("a condition", async () => {
      const text = await cluster.kubectlOrThrow(["-n", "elsewhere", "get", "tlsroute", "stranger", "-o", "json"]);
      return sentence(JSON.parse(text).status?.parents?.[0]?.conditions, "Accepted", "False");
    });
    const rule = 'Listener "foo" (allowedRoutes.namespaces.from: Same) takes no TLSRoute of namespace elsewhere';
    const mend = "its owner can set from to All, or to Selector with a label of elsewhere";
    assert.equal(message, `NotAllowedByListeners: ${rule}: ${mend}`);
  });

  it("a parentRef with a wrong port: NoMatchingParent says which there are", async () => {
    await apply(cluster, NAMESPACE, route("astray", { name: "httpbin.org", port: 443 }, { name: "good", port: 8443 }));
    const message = await routeCondition("astray", "Accepted", "False");
    const there = 'Gateway good has no listener with port 8443; it has "foo" on port 8000';
    assert.equal(message, `NoMatchingParent: ${there}`);
  });

  it("somebody else's Service under our name: it is left alone, and Event NameTaken says so", async () => {
    const theirs = { ...service("theirs"), metadata: { name: "fsm-gateway-taken" } };
    await apply(cluster, NAMESPACE, theirs, freshGateway("taken").gateway);
    const message = await eventOn("Gateway", "taken", "NameTaken");
    const fix = "Delete or rename it, so that the Gateway's own can be created";
    assert.equal(message, `Service default/fsm-gateway-taken is not managed by this Gateway. ${fix}`);
    assert.deepEqual((await get("service", "fsm-gateway-taken")).spec.selector, { app: "backends" });
    await cluster.kubectlOrThrow(["-n", NAMESPACE, "delete", "service", "fsm-gateway-taken"]);
    await programmedAddress(cluster, NAMESPACE, "taken");
  });
});
