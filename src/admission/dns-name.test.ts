import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsNameProblem, isAddress } from "./dns-name.ts";

test("addresses in every spelling that a resolver takes", () => {
  for (const text of [
    "1.2.3.4",
    "127.1",
    "0x7f.1",
    "1.2.3.4.",
    "::1",
    "2001:db8::1",
    "[::1]",
    "fe80::1%eth0",
    "::ffff:1.2.3.4",
  ]) {
    assert.equal(isAddress(text), true, text);
  }
  for (const text of ["httpbin.org", "1.example", "web", "8080", "a.b:443", "x1.y2", "0x.example"]) {
    assert.equal(isAddress(text), false, text);
  }
});

test("lower-case DNS names pass, everything else is told why not", () => {
  const longest = `${"a.".repeat(126)}b`;
  assert.equal(longest.length, 253);
  for (const name of ["a", "httpbin.org", "xn--bcher-kva.example", "1a.example", longest]) {
    assert.equal(dnsNameProblem(name), undefined, name);
  }
  const wrong: [string, RegExp][] = [
    [`a${longest}`, /254 characters/],
    ["HTTPBin.org", /lower case: httpbin\.org/],
    ["httpbin.org.", /must not end with a dot: httpbin\.org$/],
    [`${"a".repeat(64)}.org`, /more than 63/],
    ["-a.org", /no DNS name/],
    ["a-.org", /no DNS name/],
    ["a..org", /no DNS name/],
    ["a_b.org", /no DNS name/],
    ["", /no DNS name/],
  ];
  for (const [name, problem] of wrong) assert.match(dnsNameProblem(name) ?? "", problem, name);
});
