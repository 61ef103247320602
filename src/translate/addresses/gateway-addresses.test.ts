/** Tests what the golden cases cannot express: a Service's status, and changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../../gateway-api/objects.ts";
import { GATEWAY_ADDRESSES } from "../../model/proxy-config.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { bigSnapshot, NAMESPACE, slice, tlsRoute } from "../testing/world.ts";
import { Translator } from "../translator.ts";

const KEY = `${NAMESPACE}/gateway`;

function balanced(ingress: NonNullable<NonNullable<Service["status"]>["loadBalancer"]>["ingress"] = []): Service {
  const metadata = { name: "fsm-gateway-gateway", namespace: NAMESPACE };
  const spec = { clusterIP: "10.96.0.1", ports: [{ port: 443 }] };
  return { apiVersion: "v1", kind: "Service", metadata, spec, status: { loadBalancer: { ingress } } };
}

/** A Gateway whose route r0 leads to a Service of its own, and `host` to the load balancer by name. */
function world(service: Service): Snapshot {
  const snapshot = bigSnapshot(1);
  const host = tlsRoute("host");
  const rules = [
    {
      backendRefs: [
        { name: "lb.example", port: 443 },
        { name: "lb.example", port: 444 },
      ],
    },
  ];
  return {
    ...snapshot,
    services: [...snapshot.services, service],
    tlsRoutes: [...snapshot.tlsRoutes, { ...host, spec: { ...host.spec, rules } }],
    endpointSlices: [{ ...slice("r0", ["192.0.2.1"]), ports: [{ port: 443 }] }],
  };
}

function outcomes(translator: Translator, snapshot: Snapshot) {
  const { gateways, statuses } = translator.translate(snapshot);
  const own = gateways.get(KEY)?.config.resources.get(`endpoints:${GATEWAY_ADDRESSES}`)?.resource;
  const refs = statuses.flatMap((status) =>
    status.kind === "TLSRoute"
      ? status.parents.flatMap(({ conditions }) => conditions.filter(({ type }) => type === "ResolvedRefs"))
      : [],
  );
  return {
    own: own?.kind === "endpoints" ? own.endpoints.map(({ address, port }) => `${address} ${port}`) : undefined,
    refs: refs.map(({ reason }) => reason),
    messages: refs.map(({ message }) => message),
  };
}

test("addresses of the load balancer come and go with the Service's status, and so do loops", () => {
  const translator = new Translator();
  const before = outcomes(translator, world(balanced()));
  assert.deepEqual(before.own, ["10.96.0.1 443"]);
  assert.deepEqual(before.refs, ["ResolvedRefs", "ResolvedRefs"]);
  const assigned = balanced([{ ip: "192.0.2.1" }, { hostname: "LB.example" }]);
  const during = outcomes(translator, world(assigned));
  assert.deepEqual(during.own, ["10.96.0.1 443", "192.0.2.1 443"]);
  assert.deepEqual(during.refs, ["BackendLoop", "BackendLoop"]);
  assert.match(
    during.messages[0] ?? "",
    /^rules\[0\]\.backendRefs\[0\]: Every endpoint of Service shop\/r0 is an address/,
  );
  assert.match(
    during.messages[1] ?? "",
    /^rules\[0\]\.backendRefs\[0\]: lb\.example:443 is the load balancer of Gateway/,
  );
  assert.doesNotMatch(during.messages[1] ?? "", /backendRefs\[1\]/);
  assert.deepEqual(outcomes(translator, world(balanced())), before);
});

test("several own endpoints among others are reported, and the reference counts as resolved", () => {
  const snapshot = world(balanced([{ ip: "192.0.2.1" }]));
  const addresses = ["192.0.2.1", "10.96.0.1", "10.0.0.9"];
  const mixed = { ...snapshot, endpointSlices: [{ ...slice("r0", addresses), ports: [{ port: 443 }] }] };
  const { refs, messages } = outcomes(new Translator(), mixed);
  assert.equal(refs[0], "ResolvedRefs");
  assert.match(messages[0] ?? "", /2 endpoints of Service shop\/r0 are addresses of Gateway shop\/gateway itself/);
});

test("a reference that cannot be used keeps its own reason", () => {
  const snapshot = world(balanced([{ ip: "192.0.2.1" }]));
  const { refs } = outcomes(new Translator(), { ...snapshot, services: snapshot.services.slice(1) });
  assert.equal(refs[0], "BackendNotFound");
});

test("a Service without ports and a slice without them list nothing", () => {
  const snapshot = world({ ...balanced(), spec: { clusterIP: "10.96.0.1" } });
  const own = { ...slice("fsm-gateway-gateway", ["10.0.0.1"]), ports: [{ name: "tls" }] };
  assert.equal(
    outcomes(new Translator(), { ...snapshot, endpointSlices: [...snapshot.endpointSlices, own] }).own,
    undefined,
  );
});

test("without a cluster there is no Service to list", () => {
  assert.equal(outcomes(new Translator(), { ...world(balanced()), provisions: false }).own, undefined);
});
