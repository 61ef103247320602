import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackendTlsPolicy, Gateway, Listener } from "../../gateway-api/objects.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import {
  bigSnapshot,
  EMPTY_SNAPSHOT,
  gateway,
  NAMESPACE,
  OUR_CLASS,
  passthrough,
} from "../../translate/testing/world.ts";
import { Translator } from "../../translate/translator.ts";
import { ReferenceReader } from "./reference-reader.ts";

/** A cache that records the demanded scopes, has read the namespaces in `read` and has no right to read the ones in `unreadable`. */
function fakeCache() {
  const demands: string[][] = [];
  const read = new Set<string>();
  const unreadable = new Set<string>();
  const demand = (scopes: ReadonlySet<string>) => void demands.push([...scopes]);
  const isRead = (namespace: string) => read.has(namespace);
  const isUnreadable = (namespace: string) => unreadable.has(namespace);
  return { demands, read, unreadable, demand, isRead, isUnreadable };
}

function setUp(allowed?: ReadonlySet<string>) {
  const [secrets, authorities] = [fakeCache(), fakeCache()];
  const translator = new Translator();
  const reader = new ReferenceReader({ secrets, authorities }, allowed);
  const demand = (snapshot: Snapshot) => {
    translator.translate(snapshot);
    return [...reader.demand(translator)];
  };
  return { secrets, authorities, demand, reader };
}

const terminating = (name: string): Listener => ({
  ...{ name, port: 443, protocol: "TLS" },
  tls: { mode: "Terminate", certificateRefs: [{ name: "certificate" }] },
});
const withGateways = (...gateways: Gateway[]): Snapshot => ({
  ...EMPTY_SNAPSHOT,
  gatewayClasses: [OUR_CLASS],
  gateways,
});

test("Gateways that refer to nothing demand nothing and wait for nothing", () => {
  const { secrets, authorities, demand } = setUp();
  assert.deepEqual(demand(withGateways(gateway("plain", [passthrough("tls", 443)]))), []);
  assert.deepEqual([secrets.demands, authorities.demands], [[[]], [[]]]);
});

test("a listener's certificate is demanded; its Gateway waits until it is read, and no other does", () => {
  const { secrets, authorities, demand } = setUp();
  const snapshot = withGateways(gateway("plain", [passthrough("tls", 443)]), gateway("ending", [terminating("tls")]));
  assert.deepEqual(demand(snapshot), [`${NAMESPACE}/ending`]);
  assert.deepEqual([secrets.demands.at(-1), authorities.demands.at(-1)], [[""], []], "in all namespaces at once");
  secrets.read.add(NAMESPACE);
  assert.deepEqual(demand(snapshot), []);
  assert.deepEqual(secrets.demands.at(-1), [""], "demanded as long as it is named, whether it exists or not");
  demand(withGateways(gateway("plain", [passthrough("tls", 443)])));
  assert.deepEqual(secrets.demands.at(-1), [], "the last reference has gone");
});

test("a Gateway does not wait for an object that the operator has no right to read; the scope stays demanded, so that reads are retried", () => {
  const { secrets, demand } = setUp();
  const snapshot = withGateways(gateway("ending", [terminating("tls")]));
  assert.deepEqual(demand(snapshot), [`${NAMESPACE}/ending`]);
  secrets.unreadable.add(NAMESPACE);
  const unreadable = { Secret: new Set([NAMESPACE]), ConfigMap: new Set<string>() };
  assert.deepEqual(demand({ ...snapshot, unreadable }), []);
  assert.deepEqual(demand({ ...snapshot, unreadable }), []);
  assert.deepEqual(secrets.demands, [[""], [""], [""]]);
});

test("a Gateway of another controller's class demands nothing", () => {
  const { secrets, demand } = setUp();
  const foreign = gateway("foreign", [terminating("tls")]);
  demand(withGateways({ ...foreign, spec: { ...foreign.spec, gatewayClassName: "other" } }));
  assert.deepEqual(secrets.demands.at(-1), []);
});

test("a policy's authorities are demanded, and the Gateway whose route leads to its Service waits", () => {
  const { secrets, authorities, demand } = setUp();
  const policy: BackendTlsPolicy = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "BackendTLSPolicy",
    metadata: { name: "verified", namespace: NAMESPACE, uid: "policy", generation: 1 },
    spec: {
      targetRefs: [{ group: "", kind: "Service", name: "r0" }],
      validation: { hostname: "r0.test", caCertificateRefs: [{ group: "", kind: "ConfigMap", name: "authorities" }] },
    },
  };
  const snapshot = { ...bigSnapshot(2), backendTlsPolicies: [policy] };
  assert.deepEqual(demand(snapshot), [`${NAMESPACE}/gateway`]);
  assert.deepEqual([secrets.demands.at(-1), authorities.demands.at(-1)], [[], [""]]);
  authorities.read.add(NAMESPACE);
  assert.deepEqual(demand(snapshot), []);
});

test("with an allow list of namespaces, only these are demanded", () => {
  const { secrets, demand } = setUp(new Set([NAMESPACE, "unused"]));
  demand(withGateways(gateway("ending", [terminating("tls")])));
  assert.deepEqual(secrets.demands.at(-1), [NAMESPACE]);
});

test("a replica that no longer leads demands nothing", () => {
  const { secrets, authorities, demand, reader } = setUp();
  demand(withGateways(gateway("ending", [terminating("tls")])));
  reader.release();
  assert.deepEqual([secrets.demands.at(-1), authorities.demands.at(-1)], [[], []]);
});
