import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isApiError } from "./api-error.ts";
import { lines, watchEvents } from "./watch-events.ts";

async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    if (cut > from && cut < bytes.length) {
      yield bytes.subarray(from, cut);
      from = cut;
    }
  }
  if (from < bytes.length) yield bytes.subarray(from);
}

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

const encoded = (...events: unknown[]) => Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));

test("lines do not depend on where the bytes are cut, within a character or not", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((s) => !s.includes("\n"));
  await fc.assert(
    fc.asyncProperty(fc.array(text), fc.array(fc.nat(200)), async (texts, cuts) => {
      const bytes = Buffer.from(texts.map((line) => `${line}\n`).join(""));
      assert.deepEqual(await collect(lines(pieces(bytes, cuts))), texts);
    }),
  );
});

test("a line without its newline is a cut event and is dropped", async () => {
  assert.deepEqual(await collect(lines(pieces(Buffer.from("one\ntw"), []))), ["one"]);
});

test("events and bookmarks are told apart", async () => {
  const object = { apiVersion: "v1", kind: "Service", metadata: { name: "a", resourceVersion: "5" } };
  const bookmark = { kind: "Service", metadata: { resourceVersion: "9" } };
  const bytes = encoded({ type: "ADDED", object }, { type: "BOOKMARK", object: bookmark });
  assert.deepEqual(await collect(watchEvents(pieces(bytes, []))), [
    { type: "ADDED", object },
    { type: "BOOKMARK", resourceVersion: "9", endsInitialEvents: false },
  ]);
});

test("an ERROR event is thrown with its code", async () => {
  const bytes = encoded({ type: "ERROR", object: { code: 410, reason: "Expired", message: "too old" } });
  await assert.rejects(collect(watchEvents(pieces(bytes, []))), (error) => isApiError(error, "Gone"));
});

test("an event that is no JSON is an Unexpected answer", async () => {
  const broken = collect(watchEvents(pieces(Buffer.from("<html>\n"), [])));
  await assert.rejects(broken, (error) => isApiError(error, "Unexpected"));
});
