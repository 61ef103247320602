import assert from "node:assert/strict";
import { test } from "node:test";
import type { Verdict } from "../../admission/verdict.ts";
import type { TlsRoute } from "../../gateway-api/objects.ts";
import type { LogFields, Logger } from "../../model/log.ts";
import { reviewer } from "./review.ts";

const BAD: Verdict = { problems: [{ field: "spec.x", message: "is bad" }], warnings: [] };

const route = (metadata: object = {}, hostnames: readonly string[] = []): TlsRoute => ({
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "TLSRoute",
  metadata: { name: "r", namespace: "n", ...metadata },
  spec: { hostnames },
});

function reviewing(validate: () => Verdict) {
  const errors: { message: string; fields: LogFields | undefined }[] = [];
  const none = () => undefined;
  const error = (message: string, fields?: LogFields) => void errors.push({ message, fields });
  const log: Logger = { debug: none, info: none, warn: none, error, child: () => log };
  const context = () => ({ controllerName: "c", gatewayClasses: [], gateways: [], listenerSets: [] });
  const verdicts: string[] = [];
  const onReview = (verdict: string, durationMs: number) => {
    assert.ok(durationMs >= 0);
    verdicts.push(verdict);
  };
  return { review: reviewer<TlsRoute>(validate, { log, context, onReview }), errors, verdicts };
}

test("a new object and a changed spec are judged", () => {
  const { review } = reviewing(() => BAD);
  assert.equal(review({ object: route(), before: undefined }).refusal, "spec.x: is bad");
  assert.equal(review({ object: route({}, ["a"]), before: route() }).refusal, "spec.x: is bad");
});

test("labels of what exists stay editable, and what is going may go", () => {
  const { review } = reviewing(() => BAD);
  assert.equal(review({ object: route({ labels: { a: "b" } }), before: route() }).refusal, undefined);
  const going = route({ deletionTimestamp: "2026-01-01T00:00:00Z" }, ["a"]);
  assert.equal(review({ object: going, before: route() }).refusal, undefined);
});

test("a warning fits into what Kubernetes shows whole", () => {
  const { review } = reviewing(() => ({ problems: [], warnings: [{ field: "f", message: "x".repeat(300) }] }));
  const { warnings } = review({ object: route(), before: undefined });
  assert.equal(warnings[0]?.length, 256);
});

test("a defect admits, and the log has object and error", () => {
  const defect = new Error("defect");
  const { review, errors, verdicts } = reviewing(() => {
    throw defect;
  });
  assert.match(review({ object: route(), before: undefined }).warnings[0] ?? "", /internal error/);
  assert.deepEqual(errors[0]?.fields, { kind: "TLSRoute", namespace: "n", name: "r", error: defect });
  assert.deepEqual(verdicts, ["failed"]);
});

test("each verdict is told", () => {
  const warning = { field: "f", message: "m" };
  const fine = reviewing(() => ({ problems: [], warnings: [] }));
  fine.review({ object: route(), before: undefined });
  fine.review({ object: route({ labels: { a: "b" } }), before: route() });
  assert.deepEqual(fine.verdicts, ["admitted", "unchanged"]);
  const warned = reviewing(() => ({ problems: [], warnings: [warning] }));
  warned.review({ object: route(), before: undefined });
  const refused = reviewing(() => ({ problems: [warning], warnings: [warning] }));
  refused.review({ object: route(), before: undefined });
  assert.deepEqual([...warned.verdicts, ...refused.verdicts], ["warned", "refused"]);
});
