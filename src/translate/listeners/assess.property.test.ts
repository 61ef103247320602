import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Gateway, Listener, ListenerSet } from "../../gateway-api/objects.ts";
import { Indexer } from "../lookups.ts";
import { assessGateway } from "./assess.ts";

/** Nothing is there to be looked up. */
const { lookups: LOOKUPS } = new Indexer();
const API = "gateway.networking.k8s.io/v1";

const hostname = fc.constantFrom("a.example.com", "A.example.com", "*.example.com", "", undefined);
const listener: fc.Arbitrary<Omit<Listener, "name">> = fc
  .record({
    port: fc.constantFrom(443, 8443, 19001),
    protocol: fc.constantFrom("TLS", "HTTPS", "HTTP", "TCP", "UDP"),
    mode: fc.constantFrom("Passthrough", "Terminate", "ModeOfTheFuture", undefined),
    hostname,
  })
  .map(({ mode, hostname: name, ...rest }) => ({
    ...rest,
    ...(mode !== undefined && { tls: { mode } }),
    ...(name !== undefined && { hostname: name }),
  }));
const listeners = fc
  .array(listener, { maxLength: 8 })
  .map((list): Listener[] => list.map((one, i) => ({ ...one, name: `l${i}` })));

const world = fc.record({ own: listeners, sets: fc.array(listeners, { maxLength: 4 }) }).map(({ own, sets }) => {
  const allowedListeners = { namespaces: { from: "All" } };
  const gateway: Gateway = {
    apiVersion: API,
    kind: "Gateway",
    metadata: { name: "g", namespace: "default" },
    spec: { gatewayClassName: "fsm", listeners: own, allowedListeners },
  };
  const listenerSets = sets.map(
    (list, i): ListenerSet => ({
      apiVersion: API,
      kind: "ListenerSet",
      metadata: { name: `s${i}`, namespace: "default", creationTimestamp: `2026-01-0${(i % 2) + 1}T00:00:00Z` },
      spec: { parentRef: { name: "g" }, listeners: list },
    }),
  );
  return { gateway, listenerSets };
});

test("every listener is judged once, under a name of its own", () => {
  fc.assert(
    fc.property(world, ({ gateway, listenerSets }) => {
      const { listeners: assessed } = assessGateway(LOOKUPS, gateway, listenerSets);
      const asked = [gateway, ...listenerSets].flatMap(({ spec }) => spec.listeners ?? []);
      assert.deepEqual(new Set(assessed.map((one) => one.listener)), new Set(asked));
      assert.equal(new Set(assessed.map(({ name }) => name)).size, asked.length);
    }),
  );
});

test("what the proxies get can always be told apart", () => {
  fc.assert(
    fc.property(world, ({ gateway, listenerSets }) => {
      const resources = assessGateway(LOOKUPS, gateway, listenerSets).listeners.flatMap(
        ({ resource }) => resource ?? [],
      );
      for (const onPort of Map.groupBy(resources, ({ port }) => port).values()) {
        const isTls = (protocol: string) => protocol === "TLS" || protocol === "HTTPS";
        assert.equal(new Set(onPort.map(({ protocol }) => (isTls(protocol) ? "TLS" : protocol))).size, 1);
        const hostnames = onPort.map((resource) => ("hostname" in resource ? resource.hostname : "*"));
        assert.equal(new Set(hostnames).size, hostnames.length);
      }
    }),
  );
});

test("what a Gateway's own listeners get does not depend on ListenerSets, nor an older set's on younger ones", () => {
  fc.assert(
    fc.property(world, ({ gateway, listenerSets }) => {
      const all = assessGateway(LOOKUPS, gateway, listenerSets);
      const inOrder = all.listenerSets.map(({ listenerSet }) => listenerSet);
      for (let kept = 0; kept <= inOrder.length; kept++) {
        const fewer = assessGateway(LOOKUPS, gateway, inOrder.slice(0, kept)).listeners;
        assert.deepEqual(all.listeners.slice(0, fewer.length), fewer);
      }
    }),
  );
});

test("the order in which ListenerSets are listed decides nothing", () => {
  fc.assert(
    fc.property(world, ({ gateway, listenerSets }) => {
      const there = assessGateway(LOOKUPS, gateway, listenerSets);
      assert.deepEqual(assessGateway(LOOKUPS, gateway, listenerSets.toReversed()), there);
    }),
  );
});

test("a mode that nobody knows is not served", () => {
  const tls = { mode: "ModeOfTheFuture" };
  const list = [{ name: "l", port: 443, protocol: "TLS", tls }];
  const gateway: Gateway = {
    apiVersion: API,
    kind: "Gateway",
    metadata: { name: "g", namespace: "default" },
    spec: { gatewayClassName: "fsm", listeners: list },
  };
  const [assessed] = assessGateway(LOOKUPS, gateway, []).listeners;
  assert.deepEqual(assessed?.verdict.ok === false && assessed.verdict.reason, "UnsupportedValue");
  assert.deepEqual(assessed?.supportedKinds, []);
});
