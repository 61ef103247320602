import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, failureOf, isApiError, retryAfterMs } from "./api-error.ts";

test("each status has its failure", () => {
  const types = [400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 418].map((status) => failureOf(status).type);
  assert.deepEqual(types, [
    "BadRequest",
    "Unauthorized",
    "Forbidden",
    "NotFound",
    "Conflict",
    "Gone",
    "Invalid",
    "TooManyRequests",
    "ServerError",
    "ServerError",
    "Unexpected",
  ]);
});

test("409 tells an existing object from a stale resourceVersion by its reason", () => {
  assert.equal(failureOf(409, "AlreadyExists").type, "AlreadyExists");
  assert.equal(failureOf(409, "Conflict").type, "Conflict");
});

test("Retry-After is kept in ms for 429 and 503, and ignored when it is no number", () => {
  assert.equal(retryAfterMs(new ApiError(failureOf(429, "", "2"), "m")), 2_000);
  assert.equal(retryAfterMs(new ApiError(failureOf(503, "", "1"), "m")), 1_000);
  assert.equal(retryAfterMs(new ApiError(failureOf(429, "", "soon"), "m")), undefined);
  assert.equal(retryAfterMs(new Error("other")), undefined);
  assert.equal(retryAfterMs(new ApiError(failureOf(503, "", "999999"), "m")), 300_000, "at most 5 minutes");
  const errors = [
    new Error("other"),
    new ApiError(failureOf(429, "", "2"), "m"),
    new ApiError(failureOf(429, "", "5"), "m"),
  ];
  assert.equal(retryAfterMs(new AggregateError(errors, "3 writes failed")), 5_000, "the longest of several");
  assert.equal(retryAfterMs(new AggregateError([new Error("other")], "1 writes failed")), undefined);
});

test("an error is recognised by its type and keeps its cause", () => {
  const cause = new Error("ECONNRESET");
  const error = new ApiError({ type: "Unreachable" }, "GET /x: ECONNRESET", cause);
  assert.equal(error.cause, cause);
  assert.ok(isApiError(error, "Timeout", "Unreachable"));
  assert.ok(!isApiError(error, "NotFound"));
  assert.ok(!isApiError(cause, "Unreachable"));
});
