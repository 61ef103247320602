import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { after, before, test } from "node:test";
import { startDnsServer } from "../../../test/wire/dns-server.ts";
import { AddressGuard, DeniedRanges } from "./address-guard.ts";
import { type AddressRecord, resolveHost } from "./resolve-host.ts";

const resolver = new Resolver({ timeout: 1_000, tries: 1 });

let dns: Awaited<ReturnType<typeof startDnsServer>>;
before(async () => {
  dns = await startDnsServer({
    "both.example": { A: "192.0.2.1", AAAA: "2001:db8:0:0:0:0:0:1", ttl: 30 },
    "four.example": { A: "192.0.2.1", ttl: 7 },
    "six.example": { AAAA: "2001:db8:0:0:0:0:0:1", ttl: 7 },
    "empty.example": {},
    "broken.example": { rcode: 2 },
    "silent.example": "silent",
    "loop.example": { A: "127.0.0.1" },
    "half.example": { A: "169.254.169.254", AAAA: "2001:db8:0:0:0:0:0:1", ttl: 9 },
    "mapped.example": { AAAA: "0:0:0:0:0:ffff:a9fe:a9fe" },
  });
  resolver.setServers([dns.server]);
});
after(() => dns.close());

const guard = new AddressGuard({ ownAddresses: ["198.51.100.7"], deniedRanges: new DeniedRanges() });
const resolve = (host: string) => resolveHost(resolver, () => guard, host);

test("A and AAAA with the smallest TTL", async () => {
  assert.deepEqual(await resolve("both.example"), { ipv6: ["2001:db8::1"], ipv4: ["192.0.2.1"], ttlMs: 30_000 });
  assert.deepEqual(await resolve("Four.Example."), { ipv6: [], ipv4: ["192.0.2.1"], ttlMs: 7_000 });
  assert.deepEqual(await resolve("six.example"), { ipv6: ["2001:db8::1"], ipv4: [], ttlMs: 7_000 });
});

test("an address is its own answer, under the same guard", async () => {
  const forever = Number.POSITIVE_INFINITY;
  assert.deepEqual(await resolve("192.0.2.9"), { ipv6: [], ipv4: ["192.0.2.9"], ttlMs: forever });
  assert.deepEqual(await resolve("2001:db8::9"), { ipv6: ["2001:db8::9"], ipv4: [], ttlMs: forever });
});

test("forbidden addresses are left out while another one is there", async () => {
  assert.deepEqual(await resolve("half.example"), { ipv6: ["2001:db8::1"], ipv4: [], ttlMs: 9_000 });
});

const failures: Record<string, string> = {
  "gone.example": "name_not_found",
  "no name": "name_not_found",
  "": "name_not_found",
  "empty.example": "no_address",
  "broken.example": "dns_failed",
  "silent.example": "dns_timeout",
  "loop.example": "address_forbidden",
  "mapped.example": "address_forbidden",
  "127.0.0.1": "address_forbidden",
  "198.51.100.7": "address_forbidden",
};

for (const [host, reason] of Object.entries(failures)) {
  test(`${JSON.stringify(host)}: ${reason}, with words that name the host`, async () => {
    const answer = await resolve(host);
    assert.ok("reason" in answer, JSON.stringify(answer));
    assert.equal(answer.reason, reason);
    assert.ok(answer.message.includes(host), answer.message);
    assert.match(answer.message, /[^.]$/, "it stands within a longer sentence");
  });
}

test("at most 32 addresses of a response are kept, from both families if it has both", async () => {
  const four = Array.from({ length: 4_000 }, (_, index) => ({ address: `10.0.${index >> 8}.${index & 255}`, ttl: 60 }));
  const six = Array.from({ length: 4_000 }, (_, index) => ({ address: `2001:db8::${index.toString(16)}`, ttl: 60 }));
  const keep = async (ipv4: readonly AddressRecord[], ipv6: readonly AddressRecord[]) => {
    const answer = await resolveHost(
      { resolve4: async () => ipv4, resolve6: async () => ipv6 },
      () => guard,
      "many.example",
    );
    assert.ok("ttlMs" in answer);
    return [answer.ipv4.length, answer.ipv6.length];
  };
  assert.deepEqual(await keep(four, six), [16, 16]);
  assert.deepEqual(await keep(four, []), [32, 0]);
  assert.deepEqual(await keep([], six), [0, 32]);
  assert.deepEqual(await keep(four.slice(0, 2), six), [2, 30]);
});

test("a message names at most three denied addresses", async () => {
  const ipv4 = Array.from({ length: 9 }, (_, index) => ({ address: `127.0.0.${index + 1}`, ttl: 60 }));
  const answer = await resolveHost(
    { resolve4: async () => ipv4, resolve6: async () => [] },
    () => guard,
    "many.example",
  );
  assert.ok("message" in answer);
  assert.match(answer.message, /127\.0\.0\.1 is a loopback.* and 6 more$/);
});
