import assert from "node:assert/strict";
import { test } from "node:test";
import { freePorts, LOOPBACK, startBackend } from "../../../test/wire/sockets.ts";
import { MissingPrerequisite } from "../../image/environment.ts";
import { buildGenerator, startLoad } from "./generator.ts";

const program = built();
const skip = typeof program === "string" ? false : program.missing;

function built(): string | { readonly missing: string } {
  try {
    return buildGenerator();
  } catch (error) {
    if (!(error instanceof MissingPrerequisite)) throw error;
    return { missing: error.message };
  }
}

async function failuresAt(port: number): Promise<string[]> {
  assert.ok(typeof program === "string");
  const flags = { target: `${LOOPBACK}:${port}`, concurrency: "4", duration: "200ms", "warm-up": "0s" };
  const { done, failures } = await startLoad(program, "connections", flags, { begin() {}, end() {} }).outcome;
  assert.equal(done, 0);
  return Object.keys(failures);
}

test("a port that nobody listens on is told as refused, not as a connection that was closed", { skip }, async () => {
  const [port = 0] = await freePorts(1);
  assert.deepEqual(await failuresAt(port), ["hello: connection refused"]);
});

test("a connection that is closed when its hello has come is told as closed", { skip }, async (t) => {
  const closing = await startBackend((socket) => socket.once("data", () => socket.end()));
  t.after(() => closing.close());
  assert.deepEqual(await failuresAt(closing.port), ["closed without an answer"]);
});

test("names are those of each so-many-th route, from the place in their order that is asked for", {
  skip,
}, async (t) => {
  assert.ok(typeof program === "string");
  const asked: string[] = [];
  const backend = await startBackend((socket) =>
    socket.once("data", (hello) => {
      asked.push(/h\d{6}\.bench\.test/.exec(hello.toString("latin1"))?.[0] ?? "none");
      socket.end();
    }),
  );
  t.after(() => backend.close());
  const names = { names: "3", every: "19", from: "1", concurrency: "1" };
  const flags = { target: `${LOOPBACK}:${backend.port}`, duration: "200ms", "warm-up": "0s", ...names };
  await startLoad(program, "connections", flags, { begin() {}, end() {} }).outcome;
  const inTurn = ["h000038.bench.test", "h000019.bench.test", "h000000.bench.test", "h000038.bench.test"];
  assert.deepEqual(asked.slice(0, 4), inTurn);
});
