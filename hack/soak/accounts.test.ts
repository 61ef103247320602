import assert from "node:assert/strict";
import { test } from "node:test";
import { endedByReason, isSettled, settle } from "./accounts.ts";

const METRICS = `# HELP fsm_gateway_connections_total Connections that have ended, by reason.
# TYPE fsm_gateway_connections_total counter
fsm_gateway_connections_total{listener="default/bench/tls",reason="completed"} 7
fsm_gateway_connections_total{listener="",reason="completed"} 2
fsm_gateway_connections_total{listener="",reason="not_tls"} 3
fsm_gateway_connections_active 0
`;

const went = (done: number, failed = 0) => ({ done, failures: failed === 0 ? {} : { timeout: failed } });

test("connections are summed over listeners, by reason", () => {
  assert.deepEqual(
    [...endedByReason(METRICS)],
    [
      ["completed", 9],
      ["not_tls", 3],
    ],
  );
});

test("accounts are settled when each connection has ended as it should, failures of the load among them", () => {
  const entries = settle({ answered: went(6, 1), handshake: went(2), "not TLS": went(3) }, endedByReason(METRICS));
  assert.ok(entries.every(isSettled));
});

test("one connection that nobody ended, or that ended twice, unsettles its entry alone", () => {
  for (const made of [2, 4]) {
    const entries = settle({ answered: went(9), "not TLS": went(made) }, endedByReason(METRICS));
    assert.deepEqual(
      entries.filter((entry) => !isSettled(entry)).map(({ acts }) => acts),
      [["not TLS"]],
    );
  }
});

test("a reason that nobody expects, and an act that nobody knows, are entries of their own", () => {
  const entries = settle(
    { answered: went(9), "not TLS": went(3) },
    new Map([...endedByReason(METRICS), ["internal_error", 1]]),
  );
  assert.deepEqual(
    entries.filter((entry) => !isSettled(entry)),
    [{ acts: [], reasons: ["internal_error"], made: 0, ended: 1 }],
  );
  assert.ok(settle({ dances: went(1) }, new Map()).some((entry) => !isSettled(entry) && entry.acts[0] === "dances"));
});
