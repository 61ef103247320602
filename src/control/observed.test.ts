/** What the stream tells of itself: causes on both sides, lag, answers, subscriptions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryApplier } from "./testing/memory-applier.ts";
import { createNetwork } from "./testing/network.ts";
import { GATEWAY, POD, routes, Stage, until } from "./testing/stage.ts";

const CAUSE = { pass: "pabc-2", changes: ["cabc-7", "cabc-8"] };

test("why a configuration was published is told to the proxy and stands beside its acknowledgement", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, log, lastReport } = await stage.server();
  server.publish(GATEWAY, routes(1));
  const { applier } = stage.client(port);
  await until(() => lastReport()?.revision === routes(1).revision);
  const { revision } = routes(2);
  server.publish(GATEWAY, routes(2), CAUSE);
  await until(() => lastReport()?.revision === revision);
  assert.deepEqual(
    applier.applied.map(({ cause }) => cause),
    [undefined, CAUSE],
  );
  const line = log.lines.findLast(({ message }) => message === "configuration acknowledged");
  assert.deepEqual({ ...line?.fields, lagMs: 0 }, { revision, ...CAUSE, lagMs: 0 });
});

test("how late an answer is and which proxies are behind can be asked", async (t) => {
  const stage = await Stage.set(t);
  const answers: { readonly outcome: string; readonly lagMs: number }[] = [];
  const { server, port, lastReport } = await stage.server({ onAnswer: (answer) => answers.push(answer) });
  const applier = new MemoryApplier();
  const held = Promise.withResolvers<void>();
  applier.before = () => held.promise;
  server.publish(GATEWAY, routes(1));
  stage.client(port, { applier });
  await until(() => (server.overview()[0]?.lagMs ?? 0) >= 20);
  const { revision } = routes(1);
  const [behind] = server.overview();
  assert.deepEqual([behind?.gateway, behind?.proxyId, behind?.published], [GATEWAY, POD, revision]);
  assert.notEqual(behind?.report?.revision, revision);
  held.resolve();
  await until(() => lastReport()?.revision === revision && server.overview()[0]?.lagMs === 0);
  assert.deepEqual(
    answers.map(({ outcome }) => outcome),
    ["applied"],
  );
  assert.ok((answers[0]?.lagMs ?? 0) >= 20);
});

test("a refusal is an answer and a warning, and nothing more is awaited", async (t) => {
  const stage = await Stage.set(t);
  const answers: string[] = [];
  const { server, port, log } = await stage.server({ onAnswer: ({ outcome }) => answers.push(outcome) });
  const applier = new MemoryApplier();
  applier.judge = ({ revision }) => ({ revision, reason: "unknown_backend", message: "none" });
  server.publish(GATEWAY, routes(1), CAUSE);
  stage.client(port, { applier });
  await until(() => answers.length > 0 && server.overview()[0]?.lagMs === 0);
  assert.deepEqual(answers, ["refused"]);
  const warning = log.lines.find(({ message }) => message === "the proxy has refused a configuration");
  assert.deepEqual(
    [warning?.level, warning?.fields.pass, warning?.fields.reason],
    ["warn", CAUSE.pass, "unknown_backend"],
  );
});

test("subscriptions are counted by what became of them", async (t) => {
  const stage = await Stage.set(t);
  const outcomes = new Set<string>();
  let leads = false;
  const { port } = await stage.server({ isLeader: () => leads, onSubscription: (outcome) => outcomes.add(outcome) });
  const backoff = { baseMs: 5, maxMs: 10, notLeaderMinMs: 5, notLeaderMaxMs: 10 };
  stage.client(port, { token: async () => "nonsense", backoff });
  await until(() => outcomes.has("not_leader"));
  leads = true;
  await until(() => outcomes.has("refused"));
  stage.client(port, { backoff });
  await until(() => outcomes.has("admitted"));
});

test("a proxy that is killed is unsubscribed, which is no error", async (t) => {
  const stage = await Stage.set(t);
  const { server, port, log, lastReport } = await stage.server();
  const network = await createNetwork(t, port);
  server.publish(GATEWAY, routes(1));
  stage.client(network.port);
  await until(() => lastReport()?.revision === routes(1).revision);
  network.cut();
  await until(() => log.lines.some(({ message }) => message === "control stream failed"));
  const said = log.lines.filter(({ level }) => level === "warn" || level === "error").map(({ message }) => message);
  assert.deepEqual(said, []);
  assert.ok(log.lines.some(({ level, message }) => level === "info" && message === "proxy unsubscribed"));
});
