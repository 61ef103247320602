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
  const publish = (...revisions: readonly string[]) => {
    for (const revision of revisions) acknowledgements.published("ns/g", revision);
    return acknowledgements.newest();
  };
  /** Tells whether a wait is over. */
  const waiting = (publications: ReadonlyMap<string, number>) => {
    let isOver = false;
    const done = acknowledgements.wait(publications, FOREVER_MS).then(() => {
      isOver = true;
    });
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    return { done, isOver: () => turn().then(() => isOver) };
  };
  return { acknowledgements, say, publish, waiting };
}

/** Longer than any test may take: a wait that ends has ended for its reason. */
const FOREVER_MS = 60_000;

test("without proxies, or without news, nothing is waited for", async () => {
  const { acknowledgements, say, publish } = stage();
  await acknowledgements.wait(publish("1"), FOREVER_MS);
  say("a", report(""));
  await acknowledgements.wait(new Map(), FOREVER_MS);
  const publications = publish("2");
  acknowledgements.retracted("ns/g");
  await acknowledgements.wait(publications, FOREVER_MS);
});

test("waits until every proxy has applied or refused the revision", async () => {
  const { say, publish, waiting } = stage();
  say("a", report("1"));
  say("b", undefined);
  const wait = waiting(publish("1", "2"));
  say("a", report("2"));
  assert.equal(await wait.isOver(), false);
  say("b", { ...report("1"), refusal: { revision: "2", reason: "duplicate_hostname", message: "" } });
  await wait.done;
});

test("a proxy that skipped the revision for a newer one is waited for no longer; one at an older revision is", async () => {
  const { say, publish, waiting } = stage();
  say("a", report("1"));
  const wait = waiting(publish("1", "2"));
  publish("3", "4");
  assert.equal(await wait.isOver(), false);
  say("a", report("4"));
  await wait.done;
  const back = waiting(publish("1"));
  assert.equal(await back.isOver(), false, "it is at 4, and 1 is the newest again");
  say("a", report("1"));
  await back.done;
});

test("a proxy that is a thousand publications behind counts as one that has taken up none", async () => {
  const { say, publish, waiting } = stage();
  say("a", report("first"));
  const publications = publish("first");
  await waiting(publications).done;
  publish(...Array.from({ length: 1_000 }, (_, i) => `r${i}`));
  assert.equal(await waiting(publications).isOver(), false);
  say("a", report("r999"));
});

test("a proxy that does not answer is not waited for longer than the patience", async () => {
  const { acknowledgements, say, publish } = stage();
  say("a", report("1"));
  await acknowledgements.wait(publish("2"), 20);
});
