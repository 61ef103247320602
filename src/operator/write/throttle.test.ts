import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../loop/manual-clock.ts";
import { ApiError, failureOf, retryAfterMs } from "../kube/api-error.ts";
import { SERVICES } from "../kube/resource.ts";
import { throttled, type WriteClient } from "./throttle.ts";

function stage(answer: () => unknown) {
  const clock = new ManualClock();
  const state = { sent: 0 };
  const send = async (): Promise<never> => {
    state.sent++;
    return answer() as never;
  };
  const client: WriteClient = { get: send, put: send, apply: send, delete: send };
  return { clock, state, client: throttled(client, clock) };
}
const reference = { namespace: "n", name: "s" };
const rejection = (request: Promise<unknown>) =>
  request.then(
    () => assert.fail("it was sent"),
    (error: unknown) => error,
  );

test("no write is sent during Retry-After, even if another request received it", async () => {
  let isOverloaded = true;
  const { clock, state, client } = stage(() => {
    if (isOverloaded) throw new ApiError(failureOf(429, undefined, "2"), "too many requests");
  });
  await rejection(client.delete(SERVICES, reference));
  isOverloaded = false;
  await clock.advance(500);
  const error = await rejection(client.get(SERVICES, reference));
  assert.deepEqual([state.sent, retryAfterMs(error)], [1, 1_500]);
  await clock.advance(1_500);
  await client.get(SERVICES, reference);
  assert.equal(state.sent, 2);
});

test("a webhook's Retry-After for one object does not delay others", async () => {
  const denied = 'admission webhook "v.example" denied the request: later';
  const { state, client } = stage(() => {
    throw new ApiError(failureOf(429, undefined, "60"), denied, undefined, denied);
  });
  await rejection(client.delete(SERVICES, reference));
  await rejection(client.delete(SERVICES, reference));
  assert.equal(state.sent, 2);
});
