import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { TlsRoute } from "../../gateway-api/objects.ts";
import type { AssessedListener } from "../listeners/assess.ts";
import type { EffectiveHostname } from "./attach.ts";
import { HostnameClaims } from "./claims.ts";

const listener: AssessedListener = {
  listener: { name: "tls", port: 443, protocol: "TLS" },
  owner: {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "g", namespace: "default" },
    spec: { gatewayClassName: "fsm" },
  },
  name: "default/g/tls",
  hostname: "*",
  supportedKinds: [],
  verdict: { ok: true },
  resolvedRefs: { reason: "ResolvedRefs", message: "" },
  needs: [],
};

interface Claimant {
  readonly route: TlsRoute;
  readonly hostnames: readonly EffectiveHostname[];
}

const hostnames = fc.uniqueArray(
  fc.record({ hostname: fc.constantFrom("a.b.c", "b.b.c"), original: fc.constantFrom("*", "*.c", "*.b.c") }),
  { selector: ({ hostname }) => hostname },
);
const claimants: fc.Arbitrary<readonly Claimant[]> = fc
  .array(fc.tuple(fc.constantFrom("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), hostnames), { maxLength: 6 })
  .map((all) =>
    all.map(([creationTimestamp, names], i) => ({ route: route(`r${i}`, creationTimestamp), hostnames: names })),
  );

function route(name: string, creationTimestamp: string): TlsRoute {
  const metadata = { name, namespace: "default", creationTimestamp };
  return { apiVersion: "gateway.networking.k8s.io/v1", kind: "TLSRoute", metadata, spec: {} };
}

/** Which route has which hostname when the claims come in this order. */
function owners(all: readonly Claimant[]): ReadonlyMap<string, readonly string[]> {
  const claims = new HostnameClaims();
  for (const one of all) for (const hostname of one.hostnames) claims.claim(listener.name, hostname, one.route);
  const found = all.flatMap((one) =>
    claims
      .settle(listener, one.hostnames, one.route)
      .won.map((hostname) => ({ hostname, name: one.route.metadata.name })),
  );
  return new Map(
    [...Map.groupBy(found, ({ hostname }) => hostname)].map(([hostname, group]) => [
      hostname,
      group.map((g) => g.name),
    ]),
  );
}

test("every claimed hostname has one owner", () => {
  fc.assert(
    fc.property(claimants, (all) => {
      const claimed = new Set(all.flatMap((one) => one.hostnames.map(({ hostname }) => hostname)));
      const owned = owners(all);
      assert.deepEqual(new Set(owned.keys()), claimed);
      for (const names of owned.values()) assert.equal(names.length, 1);
    }),
  );
});

test("the order in which routes are heard decides nothing", () => {
  fc.assert(fc.property(claimants, (all) => assert.deepEqual(owners([...all].reverse()), owners(all))));
});

test("whoever loses a hostname is told who has it", () => {
  fc.assert(
    fc.property(claimants, (all) => {
      const claims = new HostnameClaims();
      for (const one of all) for (const hostname of one.hostnames) claims.claim(listener.name, hostname, one.route);
      const owned = owners(all);
      for (const one of all) {
        for (const { hostname, winner } of claims.settle(listener, one.hostnames, one.route).lost) {
          assert.deepEqual(owned.get(hostname), [winner.metadata.name]);
        }
      }
    }),
  );
});
