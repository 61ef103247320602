import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ProxyConfig } from "../../model/proxy-config.ts";
import type { ProxyReport, RefusalReason } from "../../model/proxy-report.ts";
import { configs } from "../testing/arbitraries.ts";
import { MemoryApplier } from "../testing/memory-applier.ts";
import { PublishedConfig } from "./published-config.ts";
import { answered, nextStep, type SubscriberState, subscribed } from "./subscriber-state.ts";

const NOTHING = { revision: "", versions: new Map<string, string>() };

function published(revision: string): PublishedConfig {
  return new PublishedConfig({ revision, resources: new Map() });
}

function serving(revision: string, refused?: string, reason: RefusalReason = "invalid_resource"): ProxyReport {
  const base = { revision, listeners: [], unresolvedHosts: [] };
  return refused === undefined ? base : { ...base, refusal: { revision: refused, reason, message: "no" } };
}

function sent(state: SubscriberState, newest: PublishedConfig): SubscriberState {
  const next = nextStep(state, newest);
  assert.equal(next.step.type, "delta");
  return next.state;
}

function accepted(state: SubscriberState, sequence: number, report: ProxyReport): SubscriberState {
  const answer = answered(state, sequence, report);
  assert.ok(answer.ok);
  return answer.state;
}

test("nothing is sent before the first publication, nor while an answer is awaited", () => {
  const state = subscribed(NOTHING);
  assert.equal(nextStep(state, undefined).step.type, "wait");
  const waiting = sent(state, published("a"));
  assert.equal(nextStep(waiting, published("b")).step.type, "wait");
});

test("what the proxy holds already is confirmed once", () => {
  const { step, state } = nextStep(subscribed({ ...NOTHING, revision: "a" }), published("a"));
  assert.deepEqual(step, { type: "current", revision: "a" });
  assert.equal(nextStep(state, published("a")).step.type, "wait");
});

test("a refused configuration is not offered again until another was", () => {
  const refused = accepted(sent(subscribed(NOTHING), published("a")), 1, serving("", "a"));
  assert.equal(nextStep(refused, published("a")).step.type, "wait");
  const other = accepted(sent(refused, published("b")), 2, serving("b"));
  assert.equal(nextStep(other, published("a")).step.type, "delta");
});

test("going back to what serves after a refusal is told by a delta, which ends the refusal", () => {
  const a = accepted(sent(subscribed(NOTHING), published("a")), 1, serving("a"));
  const refused = accepted(sent(a, published("b")), 2, serving("a", "b"));
  const { step } = nextStep(refused, published("a"));
  assert.ok(step.type === "delta");
  assert.deepEqual(step.delta, { revision: "a", upserts: new Map(), removals: [] });
});

test("answers that make no sense end the agreement", () => {
  const state = sent(subscribed(NOTHING), published("a"));
  assert.ok(!answered(state, 2, serving("a")).ok);
  assert.ok(!answered(subscribed(NOTHING), 1, serving("a")).ok);
  assert.ok(!answered(state, 1, serving("b")).ok);
  assert.ok(!answered(state, 1, serving("", "a", "revision_mismatch")).ok);
});

test("proxies at the same configuration share one delta; one that merely claims it does not", () => {
  const a = published("a");
  const b = published("b");
  assert.equal(b.deltaFrom(a), b.deltaFrom(a));
  assert.notEqual(b.deltaFrom({ revision: "a", versions: a.versions }), b.deltaFrom(a));
});

/** A publication, or an answer to what is in flight. */
const events = fc.array(
  fc.oneof(configs, fc.constantFrom("accept" as const, "refuse" as const), fc.constant("accept" as const)),
  { maxLength: 20 },
);

async function play(history: readonly (ProxyConfig | "accept" | "refuse")[]): Promise<void> {
  const applier = new MemoryApplier();
  let state = subscribed(applier.configState());
  let newest: PublishedConfig | undefined;
  let refusing = false;
  applier.judge = ({ revision }) => (refusing ? { revision, reason: "invalid_resource", message: "no" } : undefined);
  let pending: (() => Promise<void>) | undefined;
  const look = () => {
    const next = nextStep(state, newest);
    state = next.state;
    const { step } = next;
    if (step.type !== "delta") return;
    assert.equal(pending, undefined, "two deltas at once");
    pending = async () => {
      pending = undefined;
      const answer = answered(state, step.sequence, await applier.apply(step.delta));
      assert.ok(answer.ok, "the revision check of the applier failed");
      state = answer.state;
    };
  };
  for (const event of history) {
    if (typeof event !== "string") newest = new PublishedConfig(event);
    else {
      refusing = event === "refuse";
      await pending?.();
    }
    look();
  }
  refusing = false;
  while (pending !== undefined) {
    await (pending as () => Promise<void>)();
    look();
  }
  const refused = applier.refusal?.revision;
  if (newest !== undefined && refused !== newest.revision) assert.equal(applier.revision, newest.revision);
}

test("whatever is published, answered and refused, the proxy ends at the newest or has refused it", async () => {
  await fc.assert(fc.asyncProperty(events, play));
});
