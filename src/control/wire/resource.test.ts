import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import type { ListenerResource } from "../../model/proxy-config.ts";
import { versioned } from "../../model/revision.ts";
import { type BackendSchema, ResourceSchema, VerifiedTlsSchema } from "../generated/control_pb.ts";
import { resources } from "../testing/arbitraries.ts";
import { resourceFromWire, resourceToWire } from "./resource.ts";

test("every resource survives the way over the wire, with its version", () => {
  fc.assert(
    fc.property(resources, (resource) => {
      const sent = versioned(resource);
      const bytes = toBinary(ResourceSchema, resourceToWire(sent));
      const received = resourceFromWire(fromBinary(ResourceSchema, bytes));
      assert.deepEqual(received, { ok: true, value: sent });
    }),
  );
});

/** A Passthrough listener in the first version of the contract, as an operator of that age writes it. */
const FIRST_LISTENER = Buffer.from(
  "0a0c73686f702f7765622f746c731201311a2408bb031203544c531a0b506173737468726f756768220d2a2e6578616d706c652e636f6d",
  "hex",
);

test("operators and proxies of any age agree on a Passthrough listener", () => {
  const resource: ListenerResource = {
    kind: "listener",
    name: "shop/web/tls",
    port: 443,
    hostname: "*.example.com",
    protocol: "TLS",
    tls: { mode: "Passthrough" },
  };
  const fromOlderOperator = resourceFromWire(fromBinary(ResourceSchema, FIRST_LISTENER));
  assert.deepEqual(fromOlderOperator, { ok: true, value: { version: "1", resource } });
  const forOlderProxy = toBinary(ResourceSchema, resourceToWire({ version: "1", resource }));
  assert.deepEqual(Buffer.from(forOlderProxy), FIRST_LISTENER);
});

test("what a first proxy cannot serve is told it by a protocol or mode that it refuses", () => {
  const said = fc.sample(resources, { numRuns: 1_000, seed: 1 }).flatMap((resource) => {
    const { kind } = resourceToWire(versioned(resource));
    const listener = kind.case === "listenerWithClient" ? kind.value.listener : kind.value;
    const isListener = listener?.$typeName === "fsmgateway.control.v1.Listener";
    return isListener ? [`${listener.protocol} ${listener.mode}`.trim()] : [];
  });
  // It knows the first of these words alone (see the rules of change in control.proto).
  assert.deepEqual([...new Set(said)].sort(), ["HTTP", "HTTPS Terminate", "TCP", "TLS Passthrough", "TLS Terminate"]);
});

const listener = { port: 443, protocol: "TLS", mode: "Passthrough" };
const terminate = { ...listener, mode: "Terminate" };
const target = { case: "endpoints", value: "shop/a:443" } as const;
const verified = (value: MessageInitShape<typeof VerifiedTlsSchema>): MessageInitShape<typeof BackendSchema> => ({
  target,
  tls: { kind: { case: "verified", value: create(VerifiedTlsSchema, value) } },
});
const strangers: [name: string, kind: NonNullable<MessageInitShape<typeof ResourceSchema>["kind"]>, word: RegExp][] = [
  ["a listener of another protocol", { case: "listener", value: { ...listener, protocol: "QUIC" } }, /"QUIC"/],
  ["a listener of another mode", { case: "listener", value: { ...listener, mode: "Inspect" } }, /"Inspect"/],
  [
    "an HTTPS listener of another mode",
    { case: "listener", value: { ...listener, protocol: "HTTPS" } },
    /"Passthrough"/,
  ],
  [
    "another way to validate clients",
    { case: "listener", value: { ...terminate, terminate: { clientValidation: { mode: "AllowExpired" } } } },
    /client validation "AllowExpired"/,
  ],
  ["another way to encrypt", { case: "backend", value: { target, tls: {} } }, /kind of backend TLS/],
  ["another way to trust", { case: "backend", value: verified({}) }, /whom it is to trust/],
  [
    "another way to name a backend",
    { case: "backend", value: verified({ authorities: { case: "system", value: {} }, subjectAltNames: [{}] }) },
    /kind of subject alternative name/,
  ],
  ["a backend without a known target", { case: "backend", value: {} }, /kind of backend target/],
  [
    "another way to take PROXY headers",
    { case: "listenerWithClient", value: { listener, client: { proxyProtocol: { mode: "signed" } } } },
    /PROXY protocol "signed"/,
  ],
  [
    "another balance",
    { case: "backendWithTraffic", value: { backend: { target }, traffic: { balance: "Fastest" } } },
    /balance "Fastest"/,
  ],
  [
    "another version of the PROXY protocol",
    { case: "backendWithTraffic", value: { backend: { target }, traffic: { proxyProtocol: {} } } },
    /version of the PROXY protocol/,
  ],
  [
    "another health check",
    { case: "backendWithTraffic", value: { backend: { target }, traffic: { healthCheck: {} } } },
    /kind of health check/,
  ],
  ["external hosts of something else", { case: "externalHosts", value: {} }, /external hosts of "shop\/x"/],
  ["settings of something else", { case: "settings", value: {} }, /settings of "shop\/x"/],
  ["a reason of a newer API", { case: "backend", value: { target: { case: "invalid", value: "New" } } }, /"New"/],
];
for (const [what, kind, word] of strangers) {
  test(`${what} is refused by name`, () => {
    const decoded = resourceFromWire(create(ResourceSchema, { name: "shop/x", version: "1", kind }));
    assert.ok(!decoded.ok);
    assert.match(decoded.problem, /^resource shop\/x: this proxy does not know /);
    assert.match(decoded.problem, word);
  });
}

test("a kind of a newer operator is refused by name", () => {
  // Field 15, length-delimited, empty: a case of the oneof that this contract does not have.
  const known = toBinary(ResourceSchema, create(ResourceSchema, { name: "shop/x", version: "1" }));
  const decoded = resourceFromWire(fromBinary(ResourceSchema, Buffer.concat([known, Buffer.from([0x7a, 0x00])])));
  assert.deepEqual(decoded, {
    ok: false,
    problem: "resource shop/x: this proxy does not know its kind; it may be older than the operator",
  });
});

test("what an older proxy would leave out is a case that it does not know", () => {
  const plain = { kind: "listener", name: "shop/web/tcp", port: 443, protocol: "TCP" } as const;
  const said = [
    plain,
    { ...plain, client: { deny: ["192.0.2.0/24"] } },
    { kind: "backend", name: "b", target: { type: "external", host: "a.example", port: 443 } } as const,
    {
      kind: "backend",
      name: "b",
      target: { type: "external", host: "a", port: 1 },
      traffic: { connectMs: 1 },
    } as const,
    { kind: "settings", name: "proxy", maxPerClient: 1 } as const,
    { kind: "externalHosts", name: "proxy", deniedCidrs: ["10.96.0.0/12"] } as const,
  ].map((resource) => resourceToWire(versioned(resource)).kind.case);
  assert.deepEqual(said, [
    "listener",
    "listenerWithClient",
    "backend",
    "backendWithTraffic",
    "settings",
    "externalHosts",
  ]);
});

for (const [what, kind] of [
  ["listener", { case: "listenerWithClient", value: {} }],
  ["backend", { case: "backendWithTraffic", value: { backend: { target } } }],
] as const) {
  test(`half a ${what} is refused`, () => {
    const decoded = resourceFromWire(create(ResourceSchema, { name: "shop/x", version: "1", kind }));
    assert.deepEqual(decoded, { ok: false, problem: `resource shop/x: the operator sent half a ${what}` });
  });
}

test("a listener that is to decrypt, without saying how, is refused", () => {
  const decoded = resourceFromWire(
    create(ResourceSchema, { name: "shop/x", version: "1", kind: { case: "listener", value: terminate } }),
  );
  const problem = "resource shop/x: the operator sent a listener that is to decrypt, without saying how";
  assert.deepEqual(decoded, { ok: false, problem });
});
