import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, eventually, freePorts, LOOPBACK, readAll, startEcho } from "../../../test/wire/sockets.ts";
import { linuxEngineMeans } from "./linux-engine.ts";

const means = linuxEngineMeans();
const skip = "problem" in means ? means.problem : false;
const manifests = (port: number, backendPort: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec:
  gatewayClassName: fsm
  listeners: [{ name: tls, port: ${port}, protocol: TLS, tls: { mode: Passthrough } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: r }
spec:
  parentRefs: [{ name: g }]
  hostnames: [a.example]
  rules: [{ backendRefs: [{ name: s, port: ${backendPort} }] }]
---
apiVersion: v1
kind: Service
metadata: { name: s }
spec: { ports: [{ port: ${backendPort} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: s, labels: { kubernetes.io/service-name: s } }
addressType: IPv4
ports: [{ port: ${backendPort} }]
endpoints: [{ addresses: ["${LOOPBACK}"] }]
`;

/** A process of its own, whose threads another program may hold up. */
function startProxy(t: TestContext, port: number, backendPort: number) {
  const folder = mkdtempSync(join(tmpdir(), "fsm-interrupted-"));
  const file = join(folder, "gateway.yaml");
  writeFileSync(file, manifests(port, backendPort));
  const command = join(import.meta.dirname, "../../cli/main.ts");
  const args = ["run", file, "--address", LOOPBACK, "--engine", "linux", "--log-format", "json"];
  const child = spawn(process.execPath, [command, ...args]);
  const output = { text: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    output.text += chunk;
  });
  t.after(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  return { child, output };
}

function workersOf({ pid }: ChildProcess): string[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).filter((id) => readFileSync(`${tasks}/${id}/comm`, "utf8").startsWith("linux-"));
}

/** Lets calls of these threads fail in a pattern (strace(1), tampering). False: strace may not attach here. */
async function tamper(t: TestContext, threads: readonly string[], injection: string): Promise<boolean> {
  const args = ["-o", "/dev/null", "-e", `inject=${injection}`];
  const tracer = spawn("strace", [...args, ...threads.flatMap((id) => ["-p", id])]);
  t.after(() => tracer.kill("SIGKILL"));
  const attached = { count: 0, hasEnded: false };
  tracer.on("close", () => {
    attached.hasEnded = true;
  });
  tracer.stderr.on("data", (chunk: Buffer) => {
    attached.count += String(chunk).split(" attached").length - 1;
  });
  await eventually(
    () => attached.hasEnded || attached.count >= threads.length,
    () => "strace",
  );
  return !attached.hasEnded;
}

/** splice(2) gives up for any signal, and Node's handler of SIGUSR1 does not have calls restarted. */
test("calls that a signal interrupts end no connection, and every byte arrives once", {
  skip: skip || noStrace(),
}, async (t) => {
  const echo = await startEcho();
  t.after(() => echo.close());
  const [port = 0] = await freePorts(1);
  const { child, output } = startProxy(t, port, echo.port);
  await eventually(
    () => output.text.includes("port bound"),
    () => output.text,
  );
  const workers = workersOf(child);
  assert.ok(workers.length > 0, "the threads are found");
  if (!(await tamper(t, workers, "read,write,splice:error=EINTR:when=2+3")))
    return t.skip("strace may not attach here");
  const body = randomBytes(2_000_000);
  const client = await connectTo(port);
  const hello = helloFor("a.example");
  client.write(hello);
  client.end(body);
  const received = await readAll(client);
  assert.ok(received.subarray(hello.length).equals(body), output.text);
});

function noStrace(): string | false {
  return spawnSync("strace", ["-V"]).status === 0 ? false : "strace is not installed";
}
