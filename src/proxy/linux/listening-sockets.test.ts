import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ListeningSockets, type SocketWorker } from "./listening-sockets.ts";

/** Workers that record which of them accepts on a socket; a socket must never have two. */
function startWorkers(count: number) {
  const accepting = new Map<number, number>();
  const closed: string[] = [];
  const workers = Array.from(
    { length: count },
    (_, index): SocketWorker => ({
      acceptOn: (fd) => {
        assert.equal(accepting.has(fd), false, `${fd} has an acceptor`);
        accepting.set(fd, index);
      },
      stopAccepting: async (fd) => {
        await nextTurn();
        assert.equal(accepting.get(fd), index);
        accepting.delete(fd);
      },
      closeListening: async (fd) => {
        assert.equal(accepting.get(fd), index);
        accepting.delete(fd);
        closed.push(`${fd} by ${index}`);
      },
    }),
  );
  const settled = async () => {
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    return Object.fromEntries(accepting);
  };
  return { sockets: new ListeningSockets(workers), settled, closed };
}

test("while a worker does not run, the next running one accepts on its sockets, and gives them back", async () => {
  const { sockets, settled } = startWorkers(3);
  for (const own of [0, 1, 2]) sockets.add(10 + own, 443, own);
  assert.deepEqual(await settled(), { 10: 0, 11: 1, 12: 2 });
  sockets.onWorkerLost(1);
  assert.deepEqual(await settled(), { 10: 0, 11: 2, 12: 2 });
  sockets.onWorkerLost(2);
  assert.deepEqual(await settled(), { 10: 0, 11: 0, 12: 0 }, "what it accepted on for another goes on as well");
  sockets.onWorkerRunning(1);
  assert.deepEqual(await settled(), { 10: 0, 11: 1, 12: 0 });
  sockets.onWorkerRunning(2);
  assert.deepEqual(await settled(), { 10: 0, 11: 1, 12: 2 });
});

test("if no worker runs, each socket waits for its own one, and for the first that runs", async () => {
  const { sockets, settled } = startWorkers(2);
  sockets.add(10, 443, 0);
  sockets.add(11, 443, 1);
  sockets.onWorkerLost(0);
  sockets.onWorkerLost(1);
  assert.deepEqual(await settled(), { 10: 0, 11: 1 });
  sockets.onWorkerRunning(1);
  assert.deepEqual(await settled(), { 10: 1, 11: 1 });
});

test("a socket that changes hands is closed by the worker that has it then", async () => {
  const { sockets, settled, closed } = startWorkers(2);
  sockets.add(10, 443, 0);
  sockets.onWorkerLost(0);
  await sockets.close(10);
  assert.deepEqual(closed, ["10 by 1"]);
  sockets.onWorkerRunning(0);
  await sockets.close(10);
  assert.deepEqual(await settled(), {});
  assert.deepEqual(closed, ["10 by 1"]);
});

test("a port that is bound while a worker does not run has no socket without a worker", async () => {
  const { sockets, settled } = startWorkers(2);
  sockets.onWorkerLost(0);
  sockets.add(10, 443, 0);
  assert.deepEqual(await settled(), { 10: 1 });
});
