/**
 * `npm run demo`: the walkthrough without Kubernetes. A stand-in for httpbin.org, the gateway on the walkthrough's own
 * manifests, its curl. `-- --live` asks the real host, `-- --check` ends after the curl, `-- --port N` where 8000 is taken.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { Command } from "commander";
import { parsePort } from "../../src/cli/options.ts";
import { createAuthority, issueServing } from "../../src/operator/certificates/issue.ts";
import { type Answer, ask, curlCommand, type Request } from "./curl.ts";
import { startStandIn } from "./stand-in.ts";

const ROOT = join(import.meta.dirname, "../..");
const ADDRESS = "127.0.0.1";
/** The port in the walkthrough's manifests. */
const DOCUMENT_PORT = 8000;

interface DemoOptions {
  readonly check?: boolean;
  readonly live?: boolean;
  readonly port: number;
}

async function main(options: DemoOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "fsm-gateway-demo-"));
  const authority = await createAuthority(new Date());
  const standIn = options.live
    ? undefined
    : await startStandIn(await issueServing(authority, ["httpbin.org"], new Date()));
  const caFile = join(folder, "ca.crt");
  writeFileSync(caFile, authority.certificate);
  const gateway = startGateway(
    manifests(folder, options.port),
    standIn && `httpbin.org:443:${ADDRESS}:${standIn.port}`,
  );
  const ended = new Promise<number>((resolve) => gateway.once("exit", (code) => resolve(code ?? 1)));
  try {
    if (!(await isServing(gateway))) return await ended;
    const request = {
      gateway: { address: ADDRESS, port: options.port },
      ...(standIn && { caFile, ca: authority.certificate }),
    };
    const answer = await show(request);
    if (options.check) return answer.ok ? 0 : 1;
    console.log("Serving on. Try it from another terminal; Ctrl-C ends.");
    // Ctrl-C reaches the gateway too: it drains, and this process waits for it.
    process.on("SIGINT", () => undefined);
    process.on("SIGTERM", () => gateway.kill("SIGTERM"));
    return await ended;
  } finally {
    gateway.kill("SIGTERM");
    await ended;
    standIn?.close();
    rmSync(folder, { recursive: true });
  }
}

/** The walkthrough's files; with another port, copies of them that differ in nothing else. */
function manifests(folder: string, port: number): readonly string[] {
  const files = ["gateway.yaml", "tlsroute.yaml"].map((name) => join(ROOT, "examples/tls-passthrough", name));
  if (port === DOCUMENT_PORT) return files.map((file) => relative(ROOT, file));
  return files.map((file, i) => {
    const copy = join(folder, `${i}.yaml`);
    writeFileSync(copy, readFileSync(file, "utf8").replaceAll(`port: ${DOCUMENT_PORT}`, `port: ${port}`));
    return copy;
  });
}

function startGateway(files: readonly string[], connectTo: string | undefined): ChildProcess {
  const args = ["run", "--namespace", "httpbin", "--address", ADDRESS, "--drain-seconds", "0"];
  if (connectTo !== undefined) args.push("--connect-to", connectTo);
  console.log(`$ bin/fsm-gateway ${[...args, ...files].join(" ")}`);
  return spawn(process.execPath, ["src/cli/main.ts", ...args, ...files], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Shows what the gateway prints, until it says that it serves, or ends. */
function isServing(gateway: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    gateway.once("exit", () => resolve(false));
    gateway.stdout?.on("data", (data: Buffer) => {
      process.stdout.write(data);
      if (data.includes("INFO  serving")) resolve(true);
    });
  });
}

async function show(request: Request): Promise<Answer> {
  console.log(`\n$ ${curlCommand(request).join(" ")}`);
  const answer = await ask(request);
  process.stdout.write(answer.output);
  console.log(answer.ok ? "\nThe gateway passed the TLS connection on without decrypting it.\n" : "\nNo answer.\n");
  return answer;
}

const program = new Command("demo")
  .description("the TLS passthrough walkthrough, without Kubernetes")
  .option("--check", "end after the request; exit code 0 if it was answered, 1 if not")
  .option("--live", "ask the real httpbin.org instead of a stand-in")
  .option("--port <n>", "port of the Gateway", (value: string) => parsePort(value), DOCUMENT_PORT)
  .parse();
process.exitCode = await main(program.opts<DemoOptions>());
