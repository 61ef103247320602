/** `fsm-gateway run` as a user meets it: what it says of bad input, what it serves, and what it does when a file turns bad. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect, createServer as createTlsServer } from "node:tls";
import { createAuthority, issueServing, type KeyedCertificate } from "../../src/operator/certificates/issue.ts";
import { engineProblem } from "../../src/proxy/choose-engine.ts";
import { KIND_SHAPES } from "../../src/standalone/manifests/shapes.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const folder = mkdtempSync(join(tmpdir(), "fsm-gateway-test-"));
const SERVER_NAME = "a.example.com";
let authority: KeyedCertificate;
let backend: Server;

before(async () => {
  authority = await createAuthority(new Date());
  const { certificate: cert, key } = await issueServing(authority, [SERVER_NAME], new Date());
  backend = createTlsServer({ cert, key }, (socket) => socket.end("hello")).listen(0, "127.0.0.1");
  await once(backend, "listening");
});

after(() => {
  backend.close();
  rmSync(folder, { recursive: true });
});

test("a missing file, broken YAML, an unknown kind: one line with file and line, exit code 2", async () => {
  const missing = join(folder, "missing.yaml");
  assert.deepEqual(await end(run(missing)), {
    code: 2,
    output: `${missing}:1: cannot be read: there is no such file\n`,
  });
  const broken = write("broken.yaml", "a: [1\nb: 2");
  assert.match((await end(run(broken), 2)).output, /^\S*broken\.yaml:2: not valid YAML: [^\n]*\n$/);
  const unknown = write("unknown.yaml", "apiVersion: v1\nkind: Gatewy\n");
  assert.match((await end(run(unknown), 2)).output, /^\S*unknown\.yaml:2: kind: "Gatewy" is not known; [^\n]*\n$/);
});

test("a pipe, which cannot be followed, is refused at once", async () => {
  const pipe = join(folder, "pipe");
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  const child = run(pipe);
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  const { output } = await end(child, 2);
  clearTimeout(timer);
  assert.match(output, /pipe:1: cannot be read: it is not a regular file/);
});

test("what admission refuses in a cluster is refused here, with its line", async () => {
  const file = write("refused.yaml", route("https://httpbin.org"));
  assert.match((await end(run(file), 2)).output, /^\S*refused\.yaml:\d+: spec\.rules\[0\]\.backendRefs\[0\]\.name: /);
});

test("files without a Gateway, a wrong flag: exit code 2 and the mend", async () => {
  assert.match((await end(run(write("route.yaml", route("httpbin.org"))), 2)).output, /there is no Gateway/);
  assert.match((await end(run("--address", "nowhere", "x.yaml"), 2)).output, /"nowhere" is not an IP address/);
  assert.match((await end(run("--log-refused", "-1", "x.yaml"), 2)).output, /"-1" is not a number of lines/);
});

test("a port in use: the listener's line, exit code 2", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const file = write("taken.yaml", gateway(port));
  const { output } = await end(run(file), 2);
  taken.close();
  assert.match(output, new RegExp(`taken\\.yaml:9: spec\\.listeners\\[0\\]\\.port: .*${port}`));
});

test("serves a Service from the files, follows a change, and keeps the last good state when a file turns bad", async () => {
  const { port: backendPort } = backend.address() as AddressInfo;
  const port = await freePort();
  const good = `${gateway(port)}---\n${route("web")}---\n${service(backendPort)}`;
  const file = write("good.yaml", good);
  const process = run(file);
  const output = capture(process);
  await output.has("serving");
  assert.equal(await ask(port, SERVER_NAME), "hello");
  await assert.rejects(ask(port, "b.example.com"));
  await output.has("reason=no_matching_route");

  write("good.yaml", "kind: [");
  await output.has("files not applied: the last good state keeps serving");
  assert.equal(await ask(port, SERVER_NAME), "hello");

  write("good.yaml", good.replaceAll(SERVER_NAME, "b.example.com"));
  await output.has("files applied");
  await assert.rejects(ask(port, SERVER_NAME));

  process.kill("SIGTERM");
  assert.equal((await once(process, "exit"))[0], 0);
});

for (const engine of ["portable", "linux"] as const) {
  const skip = engineProblem(engine) ?? false;
  test(`${engine}: the admin port tells what it goes by, what is open, and sums`, { skip }, async (t) => {
    const { port: backendPort } = backend.address() as AddressInfo;
    const [port, admin] = [await freePort(), await freePort()];
    const file = write(`${engine}.yaml`, `${gateway(port)}---\n${route("web")}---\n${service(backendPort)}`);
    const child = run("--engine", engine, "--admin", `127.0.0.1:${admin}`, file);
    t.after(() => child.kill("SIGKILL"));
    const output = capture(child);
    await output.has("serving");
    assert.equal(await ask(port, SERVER_NAME), "hello");
    await output.has("reason=completed");
    const open = connectTcp(port, "127.0.0.1");
    await once(open, "connect");
    const get = async (path: string) => JSON.parse(await (await fetch(`http://127.0.0.1:${admin}${path}`)).text());
    let connections = await get("/connections");
    for (let turn = 0; turn < 200 && connections.gateways["default/g"].connections.length === 0; turn++) {
      connections = await get("/connections");
    }
    const [config, stats] = await Promise.all([`/config?host=${SERVER_NAME}&kind=route`, "/stats"].map(get));
    assert.equal(config.gateways["default/g"].resources[0].name, "TLSRoute/default/r");
    assert.deepEqual(
      connections.gateways["default/g"].connections.map(({ state }: { state: string }) => state),
      ["reading_hello"],
    );
    assert.deepEqual([stats.connections.accepted, stats.connections.ended], [2, { completed: 1 }]);
    assert.equal(stats.gateways["default/g"].parts[0].name, engine === "linux" ? "linux-0" : "portable");
    open.destroy();
  });
}

test("--help names every kind that a file may hold", () => {
  const { stdout } = spawnSync(process.execPath, [MAIN, "run", "--help"], { encoding: "utf8" });
  for (const kind of Object.keys(KIND_SHAPES)) assert.match(stdout, new RegExp(`\\b${kind}\\b`));
});

for (const engine of ["portable", "linux"] as const) {
  const skip = engineProblem(engine) ?? false;
  test(`${engine}: a second signal ends the process at once, whatever is open`, { skip }, async (t) => {
    const { port: backendPort } = backend.address() as AddressInfo;
    const port = await freePort();
    const file = write(`twice-${engine}.yaml`, `${gateway(port)}---\n${route("web")}---\n${service(backendPort)}`);
    const child = run("--engine", engine, "--drain-seconds", "600", file);
    t.after(() => child.kill("SIGKILL"));
    const output = capture(child);
    await output.has("serving");
    const open = connectTcp(port, "127.0.0.1").on("error", () => undefined);
    await once(open, "connect");
    const exit = once(child, "exit", { signal: AbortSignal.timeout(20_000) });
    child.kill("SIGINT");
    await output.has("draining");
    child.kill("SIGINT");
    assert.deepEqual(await exit, [1, null]);
  });
}

test("nobody reads what is written any more: ends quietly, as by SIGPIPE", async () => {
  const { port: backendPort } = backend.address() as AddressInfo;
  const port = await freePort();
  const file = write("piped.yaml", `${gateway(port)}---\n${route("web")}---\n${service(backendPort)}`);
  const child = run(file);
  await capture(child).has("serving");
  child.stdout?.destroy();
  const ended = end(child, 141);
  // Each connection is a line that nobody reads; the first may be written before the pipe is closed.
  for (let turn = 0; turn < 200 && child.exitCode === null; turn++) {
    await ask(port, SERVER_NAME).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal((await ended).output, "");
});

test("a proxy whose output nobody reads goes on", async () => {
  const nothing = write("nothing", "");
  const admin = await freePort();
  const child = spawn(process.execPath, [
    ...[MAIN, "proxy", "--gateway", "ns/g", "--operator", "https://127.0.0.1:9", "--log-level", "debug"],
    ...["--ca-file", nothing, "--token-file", nothing, "--admin", `127.0.0.1:${admin}`],
  ]);
  after(() => child.kill("SIGKILL"));
  let isClosed = false;
  child.stdout.once("data", () => {
    child.stdout.destroy();
    isClosed = true;
  });
  let errors = "";
  child.stderr.on("data", (data) => (errors += data));
  for (let turn = 0; turn < 500 && !isClosed; turn++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(isClosed, errors);
  // It looks for its operator meanwhile, and says so.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  assert.equal(child.exitCode, null, errors);
  assert.equal(await (await fetch(`http://127.0.0.1:${admin}/healthz`)).text(), "ok\n");
});

for (const engine of ["portable", "auto"]) {
  test(`${engine} engine: thousands of routes come and change at once, then one; a mistake among them is told with its line`, async () => {
    const { port: backendPort } = backend.address() as AddressInfo;
    const port = await freePort();
    const routes = (count: number, weight: number) =>
      Array.from({ length: count }, (_, index) => route("web", `r${index}`, `h${index}.example.com`, weight));
    const text = (...documents: string[]) =>
      [gateway(port), service(backendPort), route("web"), ...documents].join("---\n");
    const name = `many-${engine}.yaml`;
    const file = write(name, text(...routes(2_000, 1)));
    const process = run("--engine", engine, "--log-level", "info", file);
    const output = capture(process);
    await output.has("serving");
    assert.equal(await ask(port, SERVER_NAME), "hello");

    write(name, text(...routes(2_000, 2), route("web", "new", "b.example.com")));
    await output.has("files applied");
    await assertServed(port, "b.example.com");

    // The same but for one letter.
    const broken = text(...routes(2_000, 2)).replace("metadata: { name: r1999 }", "metedata: { name: r1999 }");
    const line = broken.slice(0, broken.indexOf("metedata")).split("\n").length;
    write(name, broken);
    await output.has(`${name}:${line}: metedata: is no field of this kind`);
    await assertServed(port, "b.example.com");

    write(name, text(...routes(2_000, 2)));
    await output.has("files applied");
    await assert.rejects(ask(port, "b.example.com"));
    assert.equal(await ask(port, SERVER_NAME), "hello");
    process.kill("SIGTERM");
    assert.equal((await once(process, "exit"))[0], 0);
  });
}

test("files are followed though nobody reads the statuses", async (t) => {
  const { port: backendPort } = backend.address() as AddressInfo;
  const port = await freePort();
  // Their statuses are several times what a pipe holds.
  const routes = Array.from({ length: 500 }, (_, index) => route("web", `r${index}`, `h${index}.example.com`));
  const text = [gateway(port), service(backendPort), ...routes].join("---\n");
  const file = write("unread.yaml", text);
  const child = run(file);
  t.after(() => child.kill("SIGKILL"));
  const becomesServed = async (serverName: string) => {
    for (let turn = 0; turn < 300; turn++) {
      const code = await ask(port, serverName).then(
        () => "",
        (error: NodeJS.ErrnoException) => error.code,
      );
      if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`${serverName} is not served`);
  };
  await becomesServed("h1.example.com");
  write("unread.yaml", `${text}---\n${route("web", "new", "new.example.com")}`);
  await becomesServed("new.example.com");
});

test("with --log-format json each line of standard output is JSON, statuses too", async () => {
  const { port: backendPort } = backend.address() as AddressInfo;
  const port = await freePort();
  const file = write("json.yaml", `${gateway(port)}---\n${route("web")}---\n${service(backendPort)}`);
  const child = run("--log-format", "json", file);
  let output = "";
  child.stdout?.on("data", (data) => {
    output += data;
    if (output.includes('"serving"') && !child.killed) child.kill("SIGTERM");
  });
  await end(child, 0);
  const lines = output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const status = lines.find(({ message, kind }) => message === "status changed" && kind === "TLSRoute");
  assert.deepEqual([status?.namespace, status?.name, status?.status.parents.length], ["default", "r", 1]);
});

test("the Gateways of one process divide its limit on connections", async (t) => {
  const ports = [await freePort(), await freePort()] as const;
  const file = write("two.yaml", ports.map((port, index) => gateway(port, `g${index}`)).join("---\n"));
  // 240 descriptors allow 24 connections: 12 for each Gateway, three of them without a route.
  const args = runArguments("--engine", "portable", file);
  const child = spawn("sh", ["-c", 'ulimit -n 240; exec "$0" "$@"', process.execPath, ...args]);
  t.after(() => child.kill("SIGKILL"));
  const output = capture(child);
  await output.has("serving");
  for (let count = 0; count < 4; count++) {
    const silent = connectTcp(ports[0], "127.0.0.1").on("error", () => undefined);
    t.after(() => silent.destroy());
    await once(silent, "connect");
  }
  await output.has("reason=unrouted_limit");
});

test("many Gateways in one process: Node warns of no leak of listeners", async (t) => {
  const ports = await Promise.all(Array.from({ length: 12 }, freePort));
  const file = write("twelve.yaml", ports.map((port, index) => gateway(port, `g${index}`)).join("---\n"));
  const child = run(file);
  t.after(() => child.kill("SIGKILL"));
  const ended = end(child, 0);
  await capture(child).has("serving");
  child.kill("SIGTERM");
  assert.equal((await ended).output, "");
});

function gateway(port: number, name = "g"): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: ${name}
spec:
  gatewayClassName: fsm
  listeners:
  - name: tls
    port: ${port}
    protocol: TLS
    tls: { mode: Passthrough }
`;
}

function route(backendName: string, name = "r", hostname = SERVER_NAME, weight = 1): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: g }]
  hostnames: [${hostname}]
  rules: [{ backendRefs: [{ name: "${backendName}", port: 443, weight: ${weight} }] }]
`;
}

/** The certificate is for another name: what counts is that a backend answered with one. */
function assertServed(port: number, serverName: string): Promise<void> {
  return assert.rejects(ask(port, serverName), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
}

function service(port: number): string {
  return `apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 443 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: ${port} }]
`;
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function run(...args: string[]): ChildProcess {
  return spawn(process.execPath, runArguments(...args));
}

function runArguments(...args: string[]): readonly string[] {
  return [MAIN, "run", "--address", "127.0.0.1", "--drain-seconds", "0", ...args];
}

/** All that a command printed to standard error, and its exit code. */
async function end(child: ChildProcess, code?: number): Promise<{ code: number; output: string }> {
  let output = "";
  child.stderr?.on("data", (data) => (output += data));
  const [actual] = await once(child, "close");
  if (code !== undefined) assert.equal(actual, code, output);
  return { code: actual, output };
}

function capture(child: ChildProcess): { has(text: string): Promise<void> } {
  let output = "";
  child.stdout?.on("data", (data) => (output += data));
  return {
    async has(text) {
      for (let i = 0; i < 500 && !output.includes(text); i++) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.ok(output.includes(text), `"${text}" is not in:\n${output}`);
      // What comes next is looked for behind it.
      output = output.slice(output.indexOf(text) + text.length);
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What the backend says through the gateway; rejects when the connection is refused. */
function ask(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, servername, ca: authority.certificate });
    let answer = "";
    socket.setTimeout(20_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (data) => (answer += data));
    socket.on("error", reject);
    socket.on("close", () => (answer === "" ? reject(new Error("closed without an answer")) : resolve(answer)));
  });
}
