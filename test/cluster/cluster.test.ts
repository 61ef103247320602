/**
 * The proof that the test cluster is a real Kubernetes, over its whole life: up, pods and Services and DNS and
 * admission, down, nothing left. It runs a cluster of its own beside the default one, so that it disturbs nobody.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gatewayApiCrds, makeCertificate, testCluster, waitFor } from "../support/cluster.ts";
import { runOrThrow } from "../support/run-command.ts";
import { waitForCrds } from "../support/wait-for-crds.ts";
import { cgroupsNamed, machineSysctls, mountsNaming, networkNamespaces, processesIn } from "./traces.ts";

const NAME = "fsm-proof";
const NAMESPACES = [NAME, `${NAME}ext`];
const cluster = testCluster(NAME);
const inProof = (...args: string[]) => cluster.kubectlOrThrow(["-n", "proof", ...args]);
const manifest = (file: string) => readFile(join(import.meta.dirname, file), "utf8");

/** Runs a module in one of the pods; gives back what it printed. */
const inPod = (script: string) =>
  inProof("exec", "deploy/echo", "--", "/usr/bin/node", "--input-type=module", "-e", script);

async function makeNamespace(): Promise<void> {
  await inProof("create", "namespace", "proof");
  await cluster.kubectlOrThrow(["label", "namespace", "proof", "pod-security.kubernetes.io/enforce=restricted"]);
  await inProof("create", "configmap", "scripts", `--from-file=${join(import.meta.dirname, "servers.mjs")}`);
  await inProof("create", "configmap", "outside-ca", `--from-literal=ca.crt=${await cluster.outsideCa()}`);
}

const podSpec = (securityContext: string, image = "localhost/node:26") =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "one", namespace: "default" },
    spec: {
      restartPolicy: "Never",
      containers: [{ name: "one", image, imagePullPolicy: "Never", securityContext: JSON.parse(securityContext) }],
    },
  });

describe("the test cluster", { timeout: 45 * 60_000 }, () => {
  const sysctlsBefore = machineSysctls();
  let folder: string;
  let addressOfEcho: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "fsm-gateway-cluster-"));
    await cluster.down();
    await cluster.up();
    await makeNamespace();
  });

  after(async () => {
    await cluster.down();
    await rm(folder, { recursive: true });
  });

  it("says that it is up when it is", async () => {
    await cluster.up();
  });

  it("runs pods under PodSecurity restricted, with a sysctl, seccomp and a read-only root", async () => {
    await inProof("apply", "-f", join(import.meta.dirname, "echo.yaml"));
    await inProof("rollout", "status", "deployment/echo", "--timeout=50s");
    assert.equal(await inProof("get", "deployment", "echo", "-o", "jsonpath={.status.readyReplicas}"), "2");
    const status = await inPod(
      'import { readFileSync } from "node:fs"; console.log(readFileSync("/proc/1/status", "utf8"))',
    );
    assert.match(status, /^Seccomp:\t2$/m, "a filter is on");
    assert.match(status, /^CapEff:\t0+$/m, "no capability is left");
    await assert.rejects(inPod('import { writeFileSync } from "node:fs"; writeFileSync("/x", "")'), /EROFS/);
  });

  it("reaches the pods through a LoadBalancer address from outside", async () => {
    addressOfEcho = await waitFor("LoadBalancer address", async () => {
      const ip = await inProof("get", "service", "echo", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}");
      return ip === "" ? undefined : ip;
    });
    assert.match(addressOfEcho, /^10\.77\.1\./);
    const pods = new Set<string>();
    await waitFor("an answer of each pod", async () => {
      const { stdout } = await cluster.outside(["curl", "-s", "--max-time", "3", `http://${addressOfEcho}:8080/`]);
      pods.add(JSON.parse(stdout).pod);
      return pods.size === 2;
    });
  });

  it("gives a LoadBalancer the address that it asks for, and none when that cannot be had", async () => {
    const service = ["get", "service", "asking", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"];
    const ask = (ip: string) => inProof("patch", "service", "asking", "-p", `{"spec":{"loadBalancerIP":"${ip}"}}`);
    const becomes = (ip: string) => waitFor(`address "${ip}"`, async () => (await inProof(...service)) === ip);
    await inProof("create", "service", "loadbalancer", "asking", "--tcp=80");
    await ask("10.77.1.77");
    await becomes("10.77.1.77");
    await ask(addressOfEcho);
    await becomes("");
    await ask("10.77.1.78");
    await becomes("10.77.1.78");
    await ask("192.0.2.1");
    await becomes("");
    const events = await inProof("get", "events", "--field-selector=reason=SyncLoadBalancerFailed");
    assert.match(events, new RegExp(`loadBalancerIP ${addressOfEcho}: proof/echo has it`));
    assert.match(events, /loadBalancerIP 192\.0\.2\.1: not an address of/);
    await inProof("delete", "service", "asking");
  });

  it("resolves Services in a pod, and answers NXDOMAIN for names that nobody has", async () => {
    const answer = JSON.parse(await inPod('console.log(await (await fetch("http://echo.proof:8080/")).text())'));
    assert.match(answer.pod, /^echo-/);
    const lookup =
      'import { lookup } from "node:dns/promises"; await lookup("nobody.example").catch((e) => console.log(e.code))';
    assert.equal((await inPod(lookup)).trim(), "ENOTFOUND");
  });

  it("reaches the real httpbin by its name and over TLS, from a pod and from outside", async () => {
    const url = "https://httpbin.org/headers";
    const fromPod = JSON.parse(await inPod(`console.log(await (await fetch("${url}")).text())`));
    assert.equal(fromPod.headers.Host, "httpbin.org");
    const { stdout } = await cluster.outside(["curl", "-sf", url]);
    assert.equal(JSON.parse(stdout).headers.Host, "httpbin.org");
  });

  it("adds a host to the outside world while it runs", async () => {
    await cluster.addOutsideHost("10.77.0.81", "late.example");
    const lookup = 'import { lookup } from "node:dns/promises"; console.log((await lookup("late.example")).address)';
    assert.equal(await waitFor("late.example in DNS", async () => (await inPod(lookup)).trim()), "10.77.0.81");
  });

  it("asks an admission webhook in a pod", async () => {
    const tls = await makeCertificate(folder, ["webhook.proof.svc"]);
    await inProof("create", "secret", "tls", "webhook", `--cert=${tls.certFile}`, `--key=${tls.keyFile}`);
    const ca = (await readFile(tls.caFile)).toString("base64");
    // In this order: once the webhook is configured, objects that it is asked about wait for its pod.
    await cluster.kubectlOrThrow(["-n", "proof", "apply", "-f", "-"], {
      input: (await manifest("webhook.yaml")).replace("@CA@", ca),
    });
    await inProof("wait", "--for=condition=Ready", "pod/webhook", "--timeout=30s");
    const denial = await waitFor("the webhook's denial", async () => {
      const { stderr } = await cluster.kubectl(["-n", "proof", "create", "configmap", "a", "--from-literal=deny=1"]);
      return stderr.includes("denied by the pod");
    });
    assert.equal(denial, true);
    await inProof("create", "configmap", "b", "--from-literal=allow=1");
    await cluster.kubectlOrThrow(["delete", "validatingwebhookconfiguration", "proof"]);
  });

  it("refuses a pod that PodSecurity forbids", async () => {
    const pod = podSpec('{"privileged":true}').replace('"default"', '"proof"');
    const { code, stderr } = await cluster.kubectl(["create", "-f", "-"], { input: pod });
    assert.equal(code, 1);
    assert.match(stderr, /violates PodSecurity "restricted/);
  });

  it("runs an image that was loaded from an archive", async () => {
    const archive = join(folder, "image.tar");
    const tool = join(import.meta.dirname, "../../hack/image/oci.ts");
    const node = ["--ldd", process.execPath, `${process.execPath}:/usr/bin/node`];
    const command = ["--entrypoint", '["/usr/bin/node","-p","6*7"]'];
    await runOrThrow(process.execPath, [tool, "--output", archive, "--tag", "localhost/loaded:1", ...command, ...node]);
    await cluster.loadImage(archive);
    await cluster.kubectlOrThrow(["create", "-f", "-"], { input: podSpec("{}", "localhost/loaded:1") });
    await cluster.kubectlOrThrow(["wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/one", "--timeout=30s"]);
    assert.equal(await cluster.kubectlOrThrow(["logs", "one"]), "42\n");
  });

  it("serves kubectl to a client outside", async () => {
    const { stdout } = await cluster.outside(["kubectl", "get", "nodes", "-o", "name"]);
    assert.equal(stdout, "node/node1\n");
  });

  it("takes the CRDs of both channels of Gateway API", async () => {
    for (const channel of ["standard", "experimental"] as const) {
      await cluster.apply(await gatewayApiCrds(channel));
      await waitForCrds(cluster);
      const alpha = 'jsonpath={.spec.versions[?(@.name=="v1alpha2")].served}';
      const served = await cluster.kubectlOrThrow(["get", "crd", "tlsroutes.gateway.networking.k8s.io", "-o", alpha]);
      assert.equal(served, String(channel === "experimental"), `${channel}: TLSRoute v1alpha2`);
    }
  });

  it("leaves nothing behind", async () => {
    const namespaces = networkNamespaces(NAMESPACES);
    assert.ok(processesIn(namespaces).length > 8, "the question can see the cluster's processes while it runs");
    assert.ok(cgroupsNamed(`fsm-gateway-${NAME}`).length > 0, "and its cgroups");
    await cluster.down();
    assert.deepEqual(processesIn(namespaces), []);
    assert.deepEqual(cgroupsNamed(`fsm-gateway-${NAME}`), []);
    assert.deepEqual(mountsNaming(NAME), []);
    assert.throws(() => networkNamespaces(NAMESPACES), { code: "ENOENT" });
    assert.deepEqual(machineSysctls(), sysctlsBefore);
    const { code, stderr } = await cluster.kubectl(["get", "nodes"]);
    assert.deepEqual(
      [code, stderr.trim()],
      [2, `hack/cluster: no cluster named ${NAME} is up (hack/cluster/up starts it)`],
    );
  });
});
