import assert from "node:assert/strict";
import { test } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { ReportSchema } from "../generated/control_pb.ts";
import { reports } from "../testing/arbitraries.ts";
import { reportFromWire, reportToWire } from "./report.ts";

test("every report survives the way over the wire, with the delta it answers", () => {
  fc.assert(
    fc.property(reports, fc.nat(), (report, acknowledges) => {
      const message = fromBinary(ReportSchema, toBinary(ReportSchema, reportToWire(report, acknowledges)));
      assert.equal(message.acknowledges, acknowledges);
      assert.deepEqual(reportFromWire(message), report);
    }),
  );
});

test("words of a newer proxy become the most general ones and keep their message", () => {
  const report = reportFromWire(
    create(ReportSchema, {
      revision: "r1",
      listeners: [
        { key: "listener:a", version: "1", state: { case: "failed", value: { reason: "new", message: "m1" } } },
        { key: "listener:b", version: "1" },
      ],
      unresolvedHosts: [{ host: "h", reason: "toString", message: "m2" }],
      refusal: { revision: "r2", reason: "new", message: "m3" },
    }),
  );
  const [a, b] = report.listeners;
  assert.deepEqual(a, { key: "listener:a", version: "1", state: "failed", reason: "bind_failed", message: "m1" });
  assert.equal(b?.state, "failed");
  assert.deepEqual(report.unresolvedHosts, [{ host: "h", reason: "dns_failed", message: "m2" }]);
  assert.deepEqual(report.refusal, { revision: "r2", reason: "invalid_resource", message: "m3" });
});

test("a message of a report is truncated and has no control characters, because it becomes part of a condition", () => {
  const message = `first\nsecond\u0007${"x".repeat(100_000)}`;
  const report = reportFromWire(
    create(ReportSchema, {
      revision: "r1",
      listeners: [{ key: "listener:a", version: "1", state: { case: "failed", value: { reason: "", message } } }],
      unresolvedHosts: [{ host: "h", reason: "dns_failed", message }],
      refusal: { revision: "r2", reason: "", message },
    }),
  );
  const [listener] = report.listeners;
  const messages = [listener, report.unresolvedHosts[0], report.refusal].map(
    (one) => (one as { readonly message: string }).message,
  );
  for (const one of messages) {
    assert.match(one, /^first second xxx/);
    assert.equal(one.length, 1_025);
  }
});
