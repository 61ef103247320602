import assert from "node:assert/strict";
import { test } from "node:test";
import type { AssessedListener, ListenerOwner } from "../listeners/assess.ts";
import { explainShadowed, findNarrowerListeners, findUnmatched, indexListeners } from "./unreachable.ts";

const listener = (name: string, hostname: string, port = 443, isServed = true): AssessedListener =>
  ({
    name: `default/g/${name}`,
    hostname,
    listener: { name, port },
    ...(isServed && { resource: {} }),
  }) as AssessedListener;

const wide = listener("wide", "*.example.com");
const shop = listener("shop", "shop.example.com");
const team = listener("team", "*.team.example.com");
const notServed = listener("not-served", "web.example.com", 443, false);
const otherPort = listener("other-port", "api.example.com", 8443);
const served = indexListeners([shop, team]);

const shadows = (hostnames: readonly string[], ...others: AssessedListener[]) =>
  explainShadowed(
    [{ assessed: wide, hostnames: hostnames.map((hostname) => ({ hostname, original: hostname })) }],
    new Set([wide, ...others]),
    served,
  );

test("a hostname that a more specific listener of the port covers is not reached, others are", () => {
  assert.deepEqual(shadows(["web.example.com", "api.example.com", "*.example.com"]), []);
  assert.deepEqual(shadows(["shop.example.com", "web.example.com"]), [
    'connections to shop.example.com never reach the route through listener "wide": listener default/g/shop of the same port has the more specific hostname shop.example.com. Attach the route to that listener too, or remove the hostname',
  ]);
  const [nested, ...more] = shadows(["*.a.team.example.com", "b.team.example.com", "*.team.example.com"]);
  assert.match(
    nested ?? "",
    /^connections to \*\.a\.team\.example\.com, b\.team\.example\.com, \*\.team\.example\.com never reach/,
  );
  assert.deepEqual(more, []);
  assert.deepEqual(shadows(["shop.example.com"], shop), [], "attached to both");
});

test("every server name, and names of one label", () => {
  const all = listener("all", "*");
  const local = listener("local", "localhost");
  const index = indexListeners([all, local]);
  const hostnames = ["*", "localhost", "other"].map((hostname) => ({ hostname, original: hostname }));
  const messages = explainShadowed([{ assessed: all, hostnames }], new Set([all]), index);
  assert.equal(messages.length, 1);
  assert.match(messages[0] ?? "", /^connections to localhost never reach/);
});

test("hostnames that no attached listener has", () => {
  assert.deepEqual(findUnmatched(["a.example.com", "api.example.com", "b.org", "*.com"], new Set([wide])), ["b.org"]);
  assert.deepEqual(findUnmatched(["b.org"], new Set([wide, listener("all", "*")])), []);
});

test("the listeners that concern an object are served, of its ports, and covered by its hostnames", () => {
  const own = (assessed: AssessedListener, owner: string) => ({ ...assessed, owner }) as unknown as AssessedListener;
  const [a, b, c, d] = [own(wide, "gateway"), own(shop, "set"), own(notServed, "set"), own(otherPort, "set")];
  const any = own(listener("any", "*"), "other");
  const names = [
    ...findNarrowerListeners(["gateway", "set", "other"] as unknown as ListenerOwner[], [a, b, c, d, any]),
  ].map(([owner, listeners]) => [owner, listeners.map(({ listener: { name } }) => name)]);
  assert.deepEqual(names, [
    ["gateway", ["shop"]],
    ["set", []],
    ["other", ["wide", "shop"]],
  ]);
});
