/** Faults of what the API server and the proxies trust: the webhook, and the certificates. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ADMISSION_PORT,
  CERTIFICATES_SECRET_NAME,
  CONTROL_STREAM_PORT,
  OPERATOR_NAME,
  OPERATOR_NAMESPACE,
} from "../../../src/model/identity.ts";
import {
  AUTHORITY_LIFETIME_MS,
  createAuthority,
  issueServing,
  SERVING_LIFETIME_MS,
} from "../../../src/operator/certificates/issue.ts";
import type { HeldCertificates } from "../../../src/operator/certificates/schedule.ts";
import { fromSecretData, toSecretData } from "../../../src/operator/certificates/secret-data.ts";
import { sentence } from "../../e2e/conditions.ts";
import { freshGateway } from "../../e2e/objects.ts";
import { pidOf, type RunningPod, subscriptions } from "../../e2e/operator.ts";
import { waitFor } from "../../support/cluster.ts";
import { runOrThrow } from "../../support/run-command.ts";
import type { Fault } from "../fault.ts";
import { leader, operators, seconds } from "../look.ts";
import { cutFromNode, mend } from "../network.ts";
import { NAMESPACE, type World } from "../world.ts";

/** The port is the proxies' own: refused at admission, and by a condition when admission was not asked. */
const RESERVED = freshGateway("reserved", { port: 19001 }).gateway;

export const webhookAway: Fault = {
  name: "webhook-away",
  title: "the API server does not reach the webhook: packets are dropped",
  cuts: "no connection",
  isQuick: true,
  run: async (world) => {
    assert.equal(await isRefused(world), true);
    await cutFromNode(world, await operators(world), ADMISSION_PORT);
    let tookMs: number;
    try {
      const fromMs = performance.now();
      await waitFor("admitted unasked", async () => !(await isRefused(world)));
      tookMs = performance.now() - fromMs;
      await waitFor("a condition says what admission would have", async () => {
        const { status } = JSON.parse(await world.kubectl("get", "gateway", "reserved", "-o", "json"));
        return sentence(status?.listeners?.[0]?.conditions, "Accepted", "False");
      });
    } finally {
      await mend(world);
      await world.kubectl("delete", "gateway", "reserved", "--ignore-not-found");
    }
    await waitFor("refused again", () => isRefused(world));
    return { facts: { "an object was admitted unjudged after": seconds(tookMs), "refused again": "yes" } };
  },
};

async function isRefused({ cluster }: World): Promise<boolean> {
  const { code, stderr } = await cluster.kubectl(["-n", NAMESPACE, "apply", "-f", "-"], { input: RESERVED });
  if (code !== 0) assert.match(stderr, /19001 is reserved/);
  return code !== 0;
}

const HANDSHAKE_TIMEOUT_MS = 5_000;
const SHORT_LIFE_MS = 60_000;
/** Operators look at their certificates once a minute. */
const LOOKED_AT_MS = 75_000;

export const certificateExpires: Fault = {
  name: "certificate-expires",
  title: "the operators' Secret is replaced by one whose certificate ends in a minute",
  cuts: "no connection",
  isQuick: false,
  run: async (world) => {
    const held = await heldCertificates(world);
    const made = new Date(Date.now() + SHORT_LIFE_MS - SERVING_LIFETIME_MS);
    const serving = await issueServing(held.authority, SERVING_NAMES, made);
    const fromMs = performance.now();
    await replaceCertificates(world, { ...held, serving });
    const pods = await operators(world);
    const [before] = await certificatesOf(pods);
    await waitFor(
      "all serve a new certificate",
      async () => {
        await sleep(1_000);
        const shown = await certificatesOf(pods);
        const first = shown[0]?.fingerprint256;
        return first !== before?.fingerprint256 && shown.every(({ fingerprint256 }) => fingerprint256 === first);
      },
      LOOKED_AT_MS,
    );
    const renewedMs = performance.now() - fromMs;
    await sleep(Math.max(0, SHORT_LIFE_MS + 2_000 - renewedMs));
    for (const { validToDate } of await certificatesOf(pods))
      assert.ok(validToDate.getTime() > Date.now() + 86_400_000);
    assert.equal(await isRefused(world), true, "admission is asked, and trusted");
    await proxiesComeBack(world);
    return { facts: { "renewed on all replicas after": seconds(renewedMs) } };
  },
};

const AUTHORITY_LIFE_MS = 100_000;

export const authorityExpires: Fault = {
  name: "authority-expires",
  title: "the operators' certificate authority is replaced by one that ends after 100 s",
  cuts: "no connection",
  isQuick: false,
  run: async (world) => {
    const held = await heldCertificates(world);
    const now = new Date();
    const authority = await createAuthority(new Date(now.getTime() + AUTHORITY_LIFE_MS - AUTHORITY_LIFETIME_MS));
    const serving = await issueServing(authority, SERVING_NAMES, now);
    const { next: _, ...rest } = { ...held, authority, serving };
    await replaceCertificates(world, { ...rest, trusted: [authority.certificate, ...held.trusted] });
    const endsMs = now.getTime() + AUTHORITY_LIFE_MS;
    await sleep(Math.max(0, endsMs + 2_000 - Date.now()));
    const pods = await operators(world);
    await waitFor(
      "all serve a certificate of an authority that has not ended",
      async () => {
        await sleep(1_000);
        const trusted = (await heldCertificates(world)).authority.certificate;
        const issuer = new X509Certificate(trusted);
        return (
          trusted !== authority.certificate && (await certificatesOf(pods)).every((one) => one.checkIssued(issuer))
        );
      },
      LOOKED_AT_MS,
    );
    const renewedMs = Date.now() - endsMs;
    assert.equal(await isRefused(world), true, "admission is asked, and trusted");
    await proxiesComeBack(world);
    return { facts: { "a certificate of the next authority on all replicas after": seconds(renewedMs) } };
  },
};

const HOST = `${OPERATOR_NAME}.${OPERATOR_NAMESPACE}.svc`;
const SERVING_NAMES = [HOST, `${HOST}.cluster.local`];

async function heldCertificates(world: World): Promise<HeldCertificates> {
  const secret = JSON.parse(await world.operatorKubectl("get", "secret", CERTIFICATES_SECRET_NAME, "-o", "json"));
  const held = fromSecretData(secret.data);
  assert.ok(held !== undefined, "the Secret holds certificates");
  return held;
}

/** Replaces all of them, and removes what the new ones do not have. */
async function replaceCertificates(world: World, held: HeldCertificates): Promise<void> {
  const patch = [{ op: "replace", path: "/data", value: toSecretData(held) }];
  const args = ["--type=json", "-p", JSON.stringify(patch)];
  await world.operatorKubectl("patch", "secret", CERTIFICATES_SECRET_NAME, ...args);
}

/** Streams that are open have seen the old certificate: they are made to end, and must be made anew under the new one. */
async function proxiesComeBack(world: World): Promise<void> {
  const old = await leader(world);
  await world.operatorKubectl("delete", "pod", old.name, "--wait=false");
  const next = await waitFor("another leads", async () => {
    const now = await leader(world);
    return now.name !== old.name && now;
  });
  await waitFor("every proxy has subscribed", async () => (await subscriptions(world.cluster, next)) >= 3);
}

/** The certificates that each operator serves, on its ports for admission and the stream. */
async function certificatesOf(pods: readonly RunningPod[]): Promise<readonly X509Certificate[]> {
  return Promise.all(pods.flatMap((pod) => [ADMISSION_PORT, CONTROL_STREAM_PORT].map((port) => servedBy(pod, port))));
}

/** Read on the operator's own loopback: its NetworkPolicy lets nobody but proxies reach the stream. */
async function servedBy(pod: RunningPod, port: number): Promise<X509Certificate> {
  const options = { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["h2", "http/1.1"] };
  const script = `const socket = require("node:tls").connect(${JSON.stringify(options)}, () => {
    console.log(socket.getPeerX509Certificate().toString());
    socket.destroy();
  });
  socket.setTimeout(${HANDSHAKE_TIMEOUT_MS}, () => socket.destroy(new Error("no handshake in time")));`;
  const inPod = ["--target", String(pidOf(pod, "operator")), "--net", process.execPath, "-e", script];
  return new X509Certificate(await runOrThrow("nsenter", inPod));
}
