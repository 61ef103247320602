import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, failureOf } from "../kube/api-error.ts";
import { writeOutcome } from "./outcome.ts";
import { isRefusal } from "./refusal.ts";

const error = (status: number, answer = "no", retryAfter?: string) =>
  new ApiError(failureOf(status, undefined, retryAfter), `PATCH /x: ${status} ${answer}`, undefined, answer);

test("a write that the API server rejects because of its content is a refusal", () => {
  for (const status of [400, 403, 404, 409, 410, 413, 415, 422]) assert.ok(isRefusal(error(status)), `${status}`);
  assert.ok(isRefusal(error(500, "failed to create typed patch object (x): .spec.y: field not declared in schema")));
});

test("a webhook that denies with any code, or cannot be called, concerns its object only", () => {
  const denied = 'admission webhook "v.example" denied the request: later';
  const unreachable = 'Internal error occurred: failed calling webhook "v.example": connection refused';
  for (const refusal of [error(429, denied, "60"), error(503, denied), error(401, denied), error(500, unreachable)]) {
    assert.ok(isRefusal(refusal), refusal.message);
    assert.equal(writeOutcome(refusal), "refused");
  }
});

test("failures on the way to the API server are none", () => {
  const failures = [
    ...[401, 429, 500, 502, 503, 504].map((status) => error(status)),
    error(500, "etcdserver: request timed out"),
    new ApiError({ type: "Timeout" }, "PATCH /x"),
    new ApiError({ type: "Unreachable" }, "PATCH /x"),
    new ApiError({ type: "Unexpected", status: 200 }, "PATCH /x: the answer is no JSON"),
    new TypeError("a bug"),
  ];
  for (const failure of failures) assert.ok(!isRefusal(failure), failure.message);
});
