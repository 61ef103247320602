import assert from "node:assert/strict";
import { test } from "node:test";
import { covers, normalizeHostname } from "./hostname.ts";

test("case and one trailing dot do not matter", () => {
  assert.equal(normalizeHostname("API.Example.COM."), "api.example.com");
});

test("a wildcard does not cover its own suffix", () => {
  assert.equal(covers("*.example.com", "example.com"), false);
});
