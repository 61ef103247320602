import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock, settled } from "../../../test/wire/manual-clock.ts";
import type { Endpoint } from "../../model/proxy-config.ts";
import { BackendSide } from "./backend-side.ts";
import { ReadBuffers } from "./read-buffer.ts";
import { DEFAULT_TIME_OUTS } from "./time-outs.ts";

const CONNECT_MS = 100;

type Step =
  | { readonly type: "refuse" | "exhaust" | "answer"; readonly which: number }
  | { readonly type: "wait"; readonly forMs: number }
  | { readonly type: "end"; readonly how: "destroy" | "abort" };

/** Sockets that never touch a network: the test says what becomes of each. */
function sockets() {
  const made: { readonly socket: net.Socket; readonly endpoint: Endpoint }[] = [];
  const connect = (endpoint: Endpoint) => {
    const socket = new net.Socket();
    made.push({ socket, endpoint });
    return socket;
  };
  const pending = () => made.filter(({ socket }) => !socket.destroyed && socket.listenerCount("connect") > 0);
  return { made, connect, pending };
}

/** Counts what the balancer is told of each endpoint. */
function ledger() {
  const told = { begun: [] as number[], answered: [] as number[], failed: [] as number[], ended: [] as number[] };
  const feedback = {
    begun: ({ port }: Endpoint) => void told.begun.push(port),
    answered: ({ port }: Endpoint) => void told.answered.push(port),
    failed: ({ port }: Endpoint) => void told.failed.push(port),
    ended: ({ port }: Endpoint) => void told.ended.push(port),
  };
  return { told, feedback };
}

const error = (code: string) => Object.assign(new Error(code), { code });

async function follow(steps: readonly Step[], count: number, race: boolean) {
  const clock = new ManualClock();
  const { connect, made, pending } = sockets();
  const { told, feedback } = ledger();
  const candidates = Array.from({ length: count }, (_, index) => ({ address: "192.0.2.1", port: index + 1 }));
  const side = new BackendSide(
    { action: "dial", path: {}, candidates, race, feedback, connectMs: CONNECT_MS },
    {
      timeOuts: DEFAULT_TIME_OUTS,
      clock,
      connect,
      isOwnEndpoint: () => false,
      keepAliveMs: undefined,
      buffers: new ReadBuffers(),
      kernel: undefined,
    },
    { onBackend: () => {}, onClosed: () => {}, onDefect: (error) => assert.fail(String(error)) },
  );
  const faults: number[] = [];
  for (const step of steps) {
    if (step.type === "wait") await clock.advance(step.forMs);
    else if (step.type === "end") side[step.how]();
    else {
      const open = pending();
      const one = open[step.which % Math.max(open.length, 1)];
      if (one === undefined) continue;
      if (step.type === "answer") one.socket.emit("connect");
      else one.socket.emit("error", error(step.type === "refuse" ? "ECONNREFUSED" : "EMFILE"));
      if (step.type === "exhaust") faults.push(one.endpoint.port);
    }
    await settled();
  }
  return { side, clock, told, made, faults };
}

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constantFrom("refuse" as const, "exhaust" as const, "answer" as const), which: fc.nat() }),
  fc.record({ type: fc.constant("wait" as const), forMs: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ type: fc.constant("end" as const), how: fc.constantFrom("destroy" as const, "abort" as const) }),
);

test("whatever becomes of the attempts, each that was begun ends once, and none is called a failure that is ours", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 8 }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (steps, count, race) => {
        const { side, clock, told, made, faults } = await follow(steps, count, race);
        assert.ok(told.ended.length <= told.begun.length);
        assert.ok(told.answered.length <= 1);
        for (const port of faults) assert.ok(!told.failed.includes(port));
        await clock.advance(10 * CONNECT_MS * count);
        side.destroy();
        await clock.advance(1);
        await settled();
        assert.deepEqual(told.ended.toSorted(), told.begun.toSorted());
        assert.ok(made.every(({ socket }) => socket.destroyed));
        assert.deepEqual(clock.pending(), []);
      },
    ),
    { numRuns: 300 },
  );
});
