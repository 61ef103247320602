import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { advance } from "./advance.ts";
import { DAY_MS } from "./issue.ts";
import { dueNow, type HeldCertificates } from "./schedule.ts";
import { fromSecretData, toSecretData } from "./secret-data.ts";

const NAMES = ["fsm-gateway.ns.svc", "fsm-gateway.ns.svc.cluster.local"];
const START = new Date("2026-01-01T00:00:00Z");
const after = (days: number) => new Date(START.getTime() + days * DAY_MS);

const isSignedBy = (held: HeldCertificates) =>
  new X509Certificate(held.serving.certificate).verify(new X509Certificate(held.authority.certificate).publicKey);

test("with nothing held, everything is made, and then nothing is due", async () => {
  assert.equal(dueNow(undefined, NAMES, START), "everything");
  const held = await advance(undefined, NAMES, START);
  assert.equal(dueNow(held, NAMES, START), "nothing");
  assert.equal(await advance(held, NAMES, after(59)), held);
  assert.ok(isSignedBy(held));
  assert.deepEqual(held.trusted, [held.authority.certificate]);
});

test("a serving certificate is renewed after two thirds of its 90 days, by the same authority", async () => {
  const held = await advance(undefined, NAMES, START);
  assert.equal(dueNow(held, NAMES, after(61)), "serving");
  const renewed = await advance(held, NAMES, after(61));
  assert.notEqual(renewed.serving.certificate, held.serving.certificate);
  assert.equal(renewed.authority, held.authority);
  assert.ok(isSignedBy(renewed));
});

test("a serving certificate of other names is replaced", async () => {
  const held = await advance(undefined, ["elsewhere.svc"], START);
  assert.equal(dueNow(held, NAMES, START), "serving");
  const renewed = await advance(held, NAMES, START);
  for (const name of NAMES) assert.ok(new X509Certificate(renewed.serving.certificate).checkHost(name));
});

test("the next authority is trusted for a month before it signs, and the old one until it ends", async () => {
  const held = await advance(undefined, NAMES, START);
  const worn = after(3_650 * (2 / 3) + 1);
  const prepared = await advance(held, NAMES, worn);
  assert.equal(prepared.authority, held.authority);
  assert.equal(prepared.trusted.length, 2);
  assert.ok(isSignedBy(prepared));

  const aMonthOn = new Date(worn.getTime() + 31 * DAY_MS);
  const promoted = await advance(prepared, NAMES, aMonthOn);
  assert.equal(promoted.authority, prepared.next);
  assert.equal(promoted.next, undefined);
  assert.ok(isSignedBy(promoted));
  assert.ok(promoted.trusted.includes(held.authority.certificate));

  const ended = await advance(promoted, NAMES, after(3_651));
  assert.deepEqual(ended.trusted, [promoted.authority.certificate]);
});

test("an authority that has ended, or whose key is another's, is replaced as a whole", async () => {
  const held = await advance(undefined, NAMES, START);
  assert.equal(dueNow(held, NAMES, after(3_651)), "everything");
  const other = await advance(undefined, NAMES, START);
  const mixed = { ...held, authority: { ...held.authority, key: other.authority.key } };
  assert.equal(dueNow(mixed, NAMES, START), "everything");
});

test("an authority that has ended while nobody looked is followed by the next one, which is trusted already", async () => {
  const held = await advance(undefined, NAMES, START);
  const prepared = await advance(held, NAMES, after(3_649));
  const late = await advance(prepared, NAMES, after(3_651));
  assert.equal(late.authority, prepared.next);
  assert.deepEqual(late.trusted, [prepared.next?.certificate]);
  assert.ok(isSignedBy(late));
});

test("certificates survive the way into a Secret and back; damage is seen", async () => {
  const held = await advance(undefined, NAMES, START);
  const worn = await advance(held, NAMES, after(2_500));
  assert.notEqual(worn.next, undefined);
  assert.deepEqual(fromSecretData(toSecretData(worn)), worn);
  const data = toSecretData(held);
  assert.equal(fromSecretData({}), undefined);
  for (const key of ["authority.crt", "authority.key", "tls.crt", "tls.key"]) {
    assert.equal(fromSecretData({ ...data, [key]: Buffer.from("damaged").toString("base64") }), undefined, key);
  }
  const notACertificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  assert.equal(fromSecretData({ ...data, "ca.crt": Buffer.from(notACertificate).toString("base64") }), undefined);
});
