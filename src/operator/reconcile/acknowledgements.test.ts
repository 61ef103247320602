import assert from "node:assert/strict";
import { test } from "node:test";
import type { Subscriber } from "../../control/server/server.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import { Acknowledgements } from "./acknowledgements.ts";

const report = (revision: string): ProxyReport => ({ revision, listeners: [], unresolvedHosts: [] });

function stage() {
  const subscribers: Subscriber[] = [];
  const acknowledgements = new Acknowledgements(() => subscribers);
  const say = (proxyId: string, said: ProxyReport | undefined) => {
    const at = subscribers.findIndex((subscriber) => subscriber.proxyId === proxyId);
    subscribers.splice(at === -1 ? subscribers.length : at, at === -1 ? 0 : 1, { proxyId, report: said });
    acknowledgements.reported();
  };
  return { acknowledgements, say };
}

/** Longer than any test may take: a wait that ends has ended for its reason. */
const FOREVER_MS = 60_000;
const PUBLISHED = new Map([["ns/g", "2"]]);

test("without proxies, or without news, nothing is waited for", async () => {
  const { acknowledgements, say } = stage();
  await acknowledgements.wait(PUBLISHED, FOREVER_MS);
  say("a", report("1"));
  await acknowledgements.wait(new Map(), FOREVER_MS);
});

test("waits until every proxy has applied or refused the revision", async () => {
  const { acknowledgements, say } = stage();
  say("a", report("1"));
  say("b", undefined);
  let isOver = false;
  const waiting = acknowledgements.wait(PUBLISHED, FOREVER_MS).then(() => {
    isOver = true;
  });
  say("a", report("2"));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isOver, false);
  say("b", { ...report("1"), refusal: { revision: "2", reason: "duplicate_hostname", message: "" } });
  await waiting;
});

test("a proxy that does not answer is not waited for longer than the patience", async () => {
  const { acknowledgements, say } = stage();
  say("a", report("1"));
  await acknowledgements.wait(PUBLISHED, 20);
});
