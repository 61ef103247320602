import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import { endReason } from "./end-reason.ts";
import type { Side } from "./relay.ts";

const errorWith = (code: string) => Object.assign(new Error(`read ${code}`), { code });

/** What loopback cannot produce, a peer that stops answering above all, is given as the system would tell it. */
const cases: [side: Side, code: string, reason: ConnectionReason][] = [
  ["client", "ETIMEDOUT", "client_unreachable"],
  ["client", "EHOSTUNREACH", "client_unreachable"],
  ["client", "ECONNRESET", "client_reset"],
  ["client", "EPIPE", "client_reset"],
  ["backend", "ETIMEDOUT", "backend_unresponsive"],
  ["backend", "ECONNRESET", "backend_reset"],
];
for (const [side, code, reason] of cases) {
  test(`${code} of the ${side}: ${reason}, with the system's words`, () => {
    assert.deepEqual(endReason({ side, error: errorWith(code) }, 0), [reason, `read ${code}`]);
  });
}

test("a reset by the backend after the client's end completes the connection, other failures do not", () => {
  const failed = (side: Side, code: string) =>
    endReason({ side, error: errorWith(code), isAfterClientEnd: true }, 0)[0];
  assert.equal(failed("backend", "ECONNRESET"), "completed");
  assert.equal(failed("backend", "EPIPE"), "completed");
  assert.equal(failed("backend", "ETIMEDOUT"), "backend_unresponsive");
});

test("nothing broke: completed", () => assert.deepEqual(endReason(undefined, 0), ["completed"]));
