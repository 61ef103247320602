import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListenerResource } from "../../model/proxy-config.ts";
import { ClientRules } from "./client-rules.ts";

const listener = (client?: ListenerResource["client"]): ListenerResource => ({
  kind: "listener",
  name: "l",
  port: 443,
  protocol: "TCP",
  ...(client && { client }),
});

test("deny wins over allow, what is not allowed is denied, and without rules everyone is taken", () => {
  const rules = new ClientRules();
  const isDenied = (client: ListenerResource["client"], address: string) => rules.isDenied(listener(client), address);
  assert.equal(isDenied(undefined, "nobody"), false);
  const both = { allow: ["192.0.2.0/24"], deny: ["192.0.2.128/25"] };
  assert.deepEqual(
    ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.200", "198.51.100.1", "2001:db8::1"].map((one) => isDenied(both, one)),
    [false, false, true, true, true],
  );
  assert.deepEqual(
    ["192.0.2.1", "2001:db8::1", "unknown"].map((one) => isDenied({ deny: ["2001:db8::/32"] }, one)),
    [false, true, true],
  );
  assert.equal(isDenied({ allow: [] }, "192.0.2.1"), true);
});

test("a header is asked of trusted peers; of others it is none of ours, or their connection is refused", () => {
  const rules = new ClientRules();
  const trusted = ["10.0.0.0/8"];
  const expected = (mode: "required" | "optional", peer: string) => rules.expectation({ mode, trusted }, peer);
  assert.deepEqual(
    [expected("required", "10.1.2.3"), expected("required", "::ffff:10.1.2.3"), expected("required", "192.0.2.1")],
    ["required", "required", "untrusted"],
  );
  assert.deepEqual([expected("optional", "10.1.2.3"), expected("optional", "192.0.2.1")], ["optional", "none"]);
  assert.equal(rules.expectation(undefined, "10.1.2.3"), "none");
});
