/**
 * Listeners that decrypt, from certificate to backend: what clients are shown, what backends get, who is refused; and that
 * nobody's connection ends when a certificate is rotated.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Cluster, waitFor } from "../support/cluster.ts";
import { type Pem, type TestAuthority, testAuthority } from "../wire/authority.ts";
import { deployBackends, ENCRYPTED, PLAINTEXT } from "./backends.ts";
import { sentence } from "./conditions.ts";
import {
  classOf,
  configMap,
  configMapRef,
  type Decrypting,
  gateway,
  PORTS,
  route,
  secret,
  small,
  talk,
} from "./decrypting.ts";
import { deployedCluster } from "./deploy.ts";
import { apply, programmedAddress } from "./gateways.ts";
import { gatewayObject } from "./objects.ts";
import { ask as askFromOutside, startTalk } from "./talk.ts";
import type { TalkCount } from "./talk-client.ts";

const NAMESPACE = "default";
const BACKEND_HOST = "backend.example";
const CONNECTIONS = 20;
/** From `kubectl apply` of a Secret to the first handshake with it. */
const ROTATED_MS = 10_000;

describe("listeners that decrypt", { timeout: 10 * 60_000 }, () => {
  let cluster: Cluster;
  let folder: string;
  let address: string;
  let authority: TestAuthority;
  let backendCa: string;
  const certificates = new Map<string, Pem>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-e2e-"));
    authority = await testAuthority();
    cluster = await deployedCluster();
    const caFile = await deployBackends(cluster, { namespace: NAMESPACE, folder, names: [], host: BACKEND_HOST });
    backendCa = await readFile(caFile, "utf8");
    await newCertificate("one", ["one.example", "policed.example"]);
    await newCertificate("two", ["two.example"]);
    await newCertificate("three", ["three.example"]);
    await applyHere(
      configMap("clients", authority.ca),
      route("plain", "two", ["one.example", "two.example"]),
      route("policed", "two", ["policed.example"], ENCRYPTED.port),
      route("validated", "validated", ["one.example"]),
      route("single", "single", ["three.example"]),
      gateway(),
    );
    address = await programmedAddress(cluster, NAMESPACE, "decrypts");
  });

  after(async () => {
    await cluster?.down();
    await rm(folder, { recursive: true, force: true });
  });

  const applyHere = (...objects: readonly (string | object)[]) => apply(cluster, NAMESPACE, ...objects);
  const kubectl = (...args: string[]) => cluster.kubectlOrThrow(["-n", NAMESPACE, ...args]);
  const get = async (...args: string[]) => JSON.parse(await kubectl("get", ...args, "-o", "json"));

  /** Makes one anew and puts it into the Secret of that name. */
  async function newCertificate(name: string, dns: readonly string[]): Promise<void> {
    const made = await authority.issue({ dns });
    certificates.set(name, made);
    await applyHere(secret(name, made));
  }

  const fingerprint = (name: string) => new X509Certificate(certificates.get(name)?.cert ?? "").fingerprint256;

  const toListener = (listener: Decrypting, serverName: string, client: Partial<Pem> = {}) => ({
    address,
    port: PORTS[listener],
    serverName,
    ca: authority.ca,
    ...client,
  });

  function ask(listener: Decrypting, serverName: string, client?: Partial<Pem>): Promise<TalkCount> {
    return askFromOutside(cluster, toListener(listener, serverName, client));
  }

  function becomesAnswered(listener: Decrypting, serverName: string, how: string): Promise<TalkCount> {
    return waitFor(`${serverName} is answered`, async () => {
      const count = await ask(listener, serverName);
      return count.answers[`${how} first`] === 1 && count;
    });
  }

  /** The last line of the access log about a route, with that reason. */
  async function logged(name: string, reason: string) {
    const line = await waitFor(`a line about ${name} with ${reason}`, async () => {
      const log = await kubectl("logs", "deployment/fsm-gateway-decrypts");
      const isIt = (text: string) => text.includes(`"TLSRoute/${NAMESPACE}/${name}"`) && text.includes(`"${reason}"`);
      return log.split("\n").findLast(isIt);
    });
    return JSON.parse(line);
  }

  function listenerCondition(name: string, type: string, status: string): Promise<string> {
    return waitFor(`${type}=${status} on listener ${name}`, async () => {
      const { status: current } = await get("gateway", "decrypts");
      const listener = current.listeners.find((one: { name: string }) => one.name === name);
      return sentence(listener?.conditions, type, status);
    });
  }

  it("the client speaks TLS, the backend gets plaintext", async () => {
    const { answers, errors } = await ask("two", "one.example");
    assert.deepEqual(answers, { "plaintext first": 1 });
    assert.deepEqual(errors, {});
    const line = await logged("plain", "completed");
    assert.deepEqual([line.decrypted, line.tlsVersion, line.serverName], [true, "TLSv1.3", "one.example"]);
  });

  it("of two certificates the client is shown the one that has its server name", async () => {
    for (const name of ["one", "two"]) {
      assert.deepEqual((await ask("two", `${name}.example`)).certificates, { [fingerprint(name)]: 1 });
    }
  });

  it(`a rotated Secret: ${CONNECTIONS} open connections talk on, new ones see the new certificate`, async (t) => {
    const old = fingerprint("one");
    const open = await startTalk(cluster, { ...toListener("two", "one.example"), connections: CONNECTIONS });
    await newCertificate("one", ["one.example", "policed.example"]);
    const appliedAt = performance.now();
    assert.notEqual(fingerprint("one"), old);
    await waitFor(
      "the new certificate is shown",
      async () => (await ask("two", "one.example")).certificates[fingerprint("one")] === 1,
      ROTATED_MS,
    );
    t.diagnostic(`shown ${Math.round(performance.now() - appliedAt)} ms after kubectl apply`);
    const { certificates: shown, answers, errors } = await open.stop();
    assert.deepEqual(errors, {});
    assert.deepEqual(shown, { [old]: CONNECTIONS }, "they had begun with the old one");
    assert.equal(answers["plaintext last"], CONNECTIONS, "each was answered after the new one was shown");
  });

  it("a deleted Secret: its listener is not served and says why, the others are; put back, it is served again", async () => {
    assert.deepEqual((await ask("single", "three.example")).errors, {});
    await kubectl("delete", "secret", "three");
    const why = "tls.certificateRefs[0]: there is no Secret default/three of type kubernetes.io/tls";
    assert.equal(await listenerCondition("single", "ResolvedRefs", "False"), `InvalidCertificateRef: ${why}`);
    assert.equal(await listenerCondition("single", "Programmed", "False"), `Invalid: ${why}`);
    await waitFor("no answer", async () => Object.keys((await ask("single", "three.example")).answers).length === 0);
    await listenerCondition("two", "Programmed", "True");
    assert.deepEqual((await ask("two", "one.example")).errors, {});

    await newCertificate("three", ["three.example"]);
    await listenerCondition("single", "ResolvedRefs", "True");
    await listenerCondition("single", "Programmed", "True");
    const { certificates: shown } = await becomesAnswered("single", "three.example", "plaintext");
    assert.deepEqual(shown, { [fingerprint("three")]: 1 });
  });

  it("with a BackendTLSPolicy the backend gets TLS, with the policy's hostname as the server name", async () => {
    await applyHere(
      configMap("backends", backendCa),
      gatewayObject("BackendTLSPolicy", "policed", {
        targetRefs: [{ group: "", kind: "Service", name: "talk", sectionName: ENCRYPTED.name }],
        validation: { hostname: BACKEND_HOST, caCertificateRefs: [configMapRef("backends")] },
      }),
    );
    const { answers, errors } = await becomesAnswered("two", "policed.example", `tls:${BACKEND_HOST}`);
    assert.deepEqual([answers, errors], [{ [`tls:${BACKEND_HOST} first`]: 1 }, {}]);
    const { status } = await get("backendtlspolicy", "policed");
    assert.match(sentence(status.ancestors[0].conditions, "Accepted", "True") ?? "", /^Accepted: /);
    assert.deepEqual((await ask("two", "one.example")).answers, { "plaintext first": 1 });
  });

  it("a backend that the policy's authority has not signed for: the connection is refused, the log says why", async () => {
    await applyHere(configMap("backends", authority.ca));
    await waitFor("no answer", async () => Object.keys((await ask("two", "policed.example")).answers).length === 0);
    const { detail, endpoint } = await logged("policed", "backend_certificate_invalid");
    assert.ok(detail, "the log has a detail");
    assert.match(endpoint, /:3443$/);
  });

  it("where clients must show a certificate, who has none or a stranger's is refused", async () => {
    const stranger = await (await testAuthority("stranger")).issue({ subject: "CN=mallory", usage: "client" });
    for (const client of [{}, stranger]) {
      const { answers, errors } = await ask("validated", "one.example", client);
      assert.deepEqual(answers, {});
      assert.equal(Object.keys(errors).length, 1);
    }
    await waitFor("a line for each of the two", async () => {
      const log = await kubectl("logs", "deployment/fsm-gateway-decrypts");
      return log.split("\n").filter((text) => text.includes('"client_certificate_invalid"')).length === 2;
    });
  });

  it("where clients must show a certificate, who shows a good one is served", async () => {
    const client = await authority.issue({ subject: "CN=alice", usage: "client" });
    const { answers, errors } = await ask("validated", "one.example", client);
    assert.deepEqual([answers, errors], [{ "plaintext first": 1 }, {}]);
    assert.equal((await logged("validated", "completed")).clientCertificate, "CN=alice");
  });

  it("an HTTP listener answers 503 with a sentence, and its HTTPRoute says so", async () => {
    const spec = { parentRefs: [{ name: "decrypts", sectionName: "http" }], rules: [{ backendRefs: [talk()] }] };
    await applyHere(gatewayObject("HTTPRoute", "web", spec));
    const said = await waitFor("the HTTPRoute is told", async () => {
      const { status } = await get("httproute", "web");
      return sentence(status?.parents?.[0]?.conditions, "Accepted", "False");
    });
    const message = 'Attached to listener "http", but this controller does not route HTTP: requests are answered 503';
    assert.equal(said, `UnsupportedValue: ${message}`);
    const url = `http://${address}:${PORTS.http}/`;
    const { code, stdout } = await cluster.outside(["curl", "-sS", "--max-time", "5", "-w", "%{http_code}", url]);
    const sentenceOf503 = "This gateway routes TLS and TCP connections; it does not route HTTP requests.\n";
    assert.deepEqual([code, stdout], [0, `${sentenceOf503}503`]);
  });

  it("another class of ours works beside the first", async () => {
    await applyHere(classOf("fsm-two", "gateway.fsm.dev/controller"));
    await kubectl("wait", "--for=condition=Accepted", "gatewayclass/fsm-two", "--timeout=55s");
    await applyHere(route("second", "single", ["three.example"], PLAINTEXT.port, "second"), small("second", "fsm-two"));
    const to = await programmedAddress(cluster, NAMESPACE, "second");
    const count = await askFromOutside(cluster, { ...toListener("single", "three.example"), address: to });
    assert.deepEqual(count.answers, { "plaintext first": 1 });
  });

  it("a Gateway that goes to a foreign class loses its proxies, and its routes our word", async () => {
    await applyHere(classOf("theirs", "example.com/theirs"));
    const made = () =>
      kubectl(
        "get",
        "deployments,services,serviceaccounts,configmaps,pods",
        "-l",
        "gateway.networking.k8s.io/gateway-name=second",
        "-o",
        "name",
      );
    assert.match(await made(), /^deployment/);
    assert.equal((await get("tlsroute", "second")).status.parents.length, 1);
    await applyHere(small("second", "theirs"));
    await waitFor("nothing is left of its proxies", async () => (await made()) === "", 90_000);
    await waitFor("the route has no entry", async () => (await get("tlsroute", "second")).status.parents.length === 0);
  });
});
