/**
 * Makes `test/wire/corpus/real`: `node hack/wire-corpus/make.ts [client…]` runs each client that this machine has, all of
 * them or the ones named, and keeps the hellos that they send. A client that is not there is named, and what the corpus has
 * of it stays. Ends with 1 when a hello does not say what the command line asked for.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alpnOf } from "../../src/proxy/tls/alpn.ts";
import { readHello } from "../../src/proxy/tls/hello-parser.ts";
import { ja4Of } from "../../src/proxy/tls/ja4.ts";
import { runCommand } from "../../test/support/run-command.ts";
import { REAL_FOLDER, type RealHello, readManifest, writeManifest } from "../../test/wire/corpus.ts";
import { CLIENTS, type Client, type Variant } from "./clients.ts";
import { record } from "./record.ts";

const PROGRAMS = join(import.meta.dirname, "clients");

/** Keeps browsers from anything but what they are asked for, and tells Firefox where the name is. */
const FIREFOX_PREFERENCES = `user_pref("network.dns.localDomains", "a.example");
user_pref("app.update.enabled", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "");
user_pref("toolkit.telemetry.server", "");
`;

async function versionOf({ version: [[file = "", ...args], pattern] }: Client): Promise<string | undefined> {
  const answer = await runCommand(file, args, { timeoutMs: 30_000 }).catch(() => undefined);
  return answer === undefined ? undefined : pattern.exec(answer.stdout + answer.stderr)?.[1];
}

async function make(client: Client, version: string, variant: Variant): Promise<RealHello> {
  const folder = mkdtempSync(join(tmpdir(), "wire-corpus-"));
  try {
    if (client.name === "firefox") writeFileSync(join(folder, "user.js"), FIREFOX_PREFERENCES);
    const fill = (argument: string, port: number) =>
      argument.replaceAll("{port}", String(port)).replaceAll("{folder}", folder).replaceAll("{clients}", PROGRAMS);
    const bytes = await record(variant, fill);
    const answer = readHello(bytes, bytes.length);
    if (answer.state !== "hello") throw new Error(`${answer.state}: ${bytes.toString("hex")}`);
    const { hello } = answer;
    const ja4 = ja4Of(hello);
    if (ja4 === undefined) throw new Error("the hello offers too much");
    const said = JSON.stringify([hello.serverName, alpnOf(hello), hello.encryptedClientHello, hello.postQuantum]);
    const { expected } = variant;
    const wanted = JSON.stringify([
      expected.serverName,
      expected.alpn ?? [],
      expected.encryptedClientHello === true,
      expected.postQuantum === true,
    ]);
    if (said !== wanted) throw new Error(`the hello says ${said}, expected is ${wanted}`);
    const file = `${client.name}-${variant.name}.hex`;
    writeFileSync(join(REAL_FOLDER, file), `${bytes.toString("hex")}\n`);
    const commands = variant.commands.map((command) => command.join(" "));
    return {
      file,
      client: client.name,
      version,
      commands,
      ...(variant.server ? { server: variant.server } : {}),
      expected,
      ja4,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const wanted = process.argv.slice(2);
const hellos = new Map(readManifest().map((entry) => [entry.file, entry]));
for (const client of CLIENTS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const version = await versionOf(client);
  if (version === undefined) {
    console.log(`${client.name}: not on this machine; what the corpus has of it stays`);
    continue;
  }
  for (const variant of client.variants) {
    try {
      const made = await make(client, version, variant);
      hellos.set(made.file, made);
      console.log(`${made.file}: ${made.ja4}`);
    } catch (error) {
      process.exitCode = 1;
      console.log(`${client.name}-${variant.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
writeManifest([...hellos.values()]);
