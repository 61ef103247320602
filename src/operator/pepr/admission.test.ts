import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import https from "node:https";
import { type AddressInfo, connect as connectTcp, createServer } from "node:net";
import { after, before, test } from "node:test";
import { eventually } from "../../../test/wire/sockets.ts";
import { createAuthority, issueServing, type KeyedCertificate } from "../certificates/issue.ts";
import { type AdmissionProcess, ask, type Question, startProcess } from "./testing/admission-client.ts";
import { type FakeStoreApi, fakeStoreApi } from "./testing/fake-store-api.ts";

const NAMES = ["fsm-gateway.ns.svc"];

let authority: KeyedCertificate;
let serving: KeyedCertificate;
let api: FakeStoreApi;
let admission: AdmissionProcess;
let port: number;
const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });

before(async () => {
  authority = await createAuthority(new Date());
  serving = await issueServing(authority, NAMES, new Date());
  api = await fakeStoreApi();
  admission = startProcess(api.kubeconfig, serving);
  ({ port } = await admission.next("listening"));
  await admission.next("ready");
});

after(async () => {
  agent.destroy();
  admission.end();
  await api.close();
});

const review = (question: Question) => ask(port, authority.certificate, agent, question);

const route = (version: string, backendRef: object) => ({
  apiVersion: `gateway.networking.k8s.io/${version}`,
  kind: "TLSRoute",
  metadata: { name: "tcp-route", namespace: "httpbin" },
  spec: { parentRefs: [{ name: "simple-fsm-gateway", port: 8000 }], rules: [{ backendRefs: [backendRef] }] },
});

const GOOD = { name: "httpbin.org", port: 443 };
const BAD = { name: "https://httpbin.org" };

test("good TLSRoutes of every version are admitted", async () => {
  for (const version of ["v1", "v1alpha3", "v1alpha2"]) {
    const { status, response } = await review({ object: route(version, GOOD) });
    assert.equal(status, 200);
    assert.equal(response.uid, "the-uid");
    assert.equal(response.allowed, true, version);
  }
});

test("many idle connections are reset, and reviews are answered", async (t) => {
  const crowd = Array.from({ length: 600 }, () => connectTcp(port, "127.0.0.1").on("error", () => {}));
  t.after(() => {
    for (const socket of crowd) socket.destroy();
  });
  const closed = () => crowd.filter((socket) => socket.destroyed).length;
  await eventually(
    () => closed() >= 600 - 256,
    () => `${closed()} are closed`,
  );
  assert.equal((await review({ object: route("v1", GOOD) })).response.allowed, true);
});

test("TLSRoutes of every version that could never work are refused with fields and mends", async () => {
  for (const version of ["v1", "v1alpha3", "v1alpha2"]) {
    const { response } = await review({ object: route(version, BAD) });
    assert.equal(response.allowed, false, version);
    assert.equal(response.status?.code, 422);
    assert.equal(
      response.status?.message,
      'spec.rules[0].backendRefs[0].name: "https://httpbin.org" is a URL; write the host alone (name: httpbin.org) and ' +
        "its port beside it; spec.rules[0].backendRefs[0].port: is missing; a Service or host needs one, for example port: 443",
    );
  }
});

test("a Gateway gets refusals and warnings", async () => {
  const gateway = (listener: object) => ({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "g", namespace: "n" },
    spec: { gatewayClassName: "fsm", listeners: [{ name: "l", port: 443, protocol: "TLS", ...listener }] },
  });
  const refused = await review({ object: gateway({ port: 19001 }) });
  assert.match(refused.response.status?.message ?? "", /^spec\.listeners\[0\]\.port: 19001 is reserved/);
  const warned = await review({
    object: gateway({ tls: { mode: "Passthrough", certificateRefs: [{ name: "c" }] } }),
  });
  assert.equal(warned.response.allowed, true);
  assert.match(warned.response.warnings?.[0] ?? "", /^spec\.listeners\[0\]\.tls\.certificateRefs: is never used/);
});

test("an update that leaves a bad spec as it was is admitted, and one that brings it in is not", async () => {
  const object = route("v1", BAD);
  assert.equal((await review({ object, oldObject: object })).response.allowed, true);
  assert.equal((await review({ object, oldObject: route("v1", GOOD) })).response.allowed, false);
});

test("other paths are not served, and idle connections outlive the API server's 90 s", async () => {
  assert.equal((await review({ object: route("v1", GOOD), path: "/validate/other" })).status, 401);
  assert.equal((await review({ object: route("v1", GOOD) })).keepAlive, "timeout=120");
});

test("a certificate is changed under an open connection: it goes on, the next one sees the new one", async () => {
  const first = await review({ object: route("v1", GOOD) });
  const renewed = await issueServing(authority, NAMES, new Date());
  admission.order({ type: "certificate", certificate: renewed });
  await admission.next("certificate-set");
  const second = await review({ object: route("v1", GOOD) });
  assert.equal(second.localPort, first.localPort);
  assert.equal(second.serialNumber, first.serialNumber);
  const other = new https.Agent();
  const third = await ask(port, authority.certificate, other, { object: route("v1", GOOD) });
  assert.equal(third.serialNumber, new X509Certificate(renewed.certificate).serialNumber);
  assert.notEqual(third.serialNumber, first.serialNumber);
});

test("close ends in spite of an idle connection, and no signal listener of Pepr's is left", async () => {
  await review({ object: route("v1", GOOD) });
  admission.order({ type: "close" });
  assert.equal((await admission.next("closed")).sigtermListeners, 0);
  await assert.rejects(ask(port, authority.certificate, new https.Agent(), { object: route("v1", GOOD) }), {
    code: "ECONNREFUSED",
  });
});

test("a defect admits, warns, and does not stop the next review", async (t) => {
  const broken = startProcess(api.kubeconfig, serving, { defective: true });
  t.after(broken.end);
  const { port } = await broken.next("listening");
  await broken.next("ready");
  for (let i = 0; i < 2; i++) {
    const { response } = await ask(port, authority.certificate, new https.Agent(), { object: route("v1", BAD) });
    assert.equal(response.allowed, true);
    assert.match(response.warnings?.[0] ?? "", /could not check this object because of an internal error/);
  }
});

test("a store that fails at first is tried again until it is there", async (t) => {
  const flaky = await fakeStoreApi();
  flaky.breakUntilCreated();
  // Pepr takes up to 3 s of its own accord before it asks for its store.
  const late = startProcess(flaky.kubeconfig, serving, { storeTimeoutMs: 4_000 });
  t.after(async () => {
    late.end();
    await flaky.close();
  });
  const { port } = await late.next("listening");
  const early = await ask(port, authority.certificate, new https.Agent(), { object: route("v1", GOOD) });
  assert.equal(early.status, 404);
  await late.next("ready");
  const served = await ask(port, authority.certificate, new https.Agent(), { object: route("v1", GOOD) });
  assert.equal(served.response.allowed, true);
});

test("a port in use and a store that is missing are reported, and each start is retried with backoff", async (t) => {
  const flaky = await fakeStoreApi();
  flaky.breakUntilCreated();
  const holder = createServer().listen(0);
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const late = startProcess(flaky.kubeconfig, serving, { port, storeTimeoutMs: 4_000 });
  t.after(async () => {
    late.end();
    holder.close();
    await flaky.close();
  });
  for (let attempt = 1; attempt <= 2; attempt++) {
    assert.match((await late.next("start-failed")).problem, /EADDRINUSE/);
  }
  holder.close();
  assert.equal((await late.next("listening")).port, port);
  await late.next("ready");
});
