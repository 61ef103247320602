/**
 * The proxy that is soaked: `fsm-gateway run` on a file in a folder of its own, which is rewritten while it runs. Owns the process.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, Site } from "../bench/contenders/contender.ts";
import { standaloneContender } from "../bench/contenders/fsm.ts";
import { type EngineName, fsmCommand } from "../bench/contenders/fsm-command.ts";
import { formatAddress } from "../bench/world.ts";
import { ADMIN, LISTEN, passingRoute, ROUTES } from "./world.ts";

const START_SECONDS = 30;
/** After SIGTERM; nothing is open by then. */
const END_SECONDS = 20;

export class SoakedProxy {
  readonly #contender: Contender;
  readonly #site: Site;
  readonly #child: ChildProcess;
  readonly #onExit = () => void this.#child.kill("SIGKILL");
  #reloads = 0;

  private constructor(contender: Contender, site: Site, child: ChildProcess) {
    this.#contender = contender;
    this.#site = site;
    this.#child = child;
    process.once("exit", this.#onExit);
  }

  /** Resolves when it is ready. */
  static async start(program: string, engine: EngineName): Promise<SoakedProxy> {
    const site: Site = { folder: mkdtempSync(join(tmpdir(), "fsm-soak-")), listen: LISTEN, routes: ROUTES };
    const command = fsmCommand(program);
    const flags = command.engineFlags("run", engine);
    if (flags === undefined) throw new Error(`${program} has no ${engine} engine`);
    const variant = { program, name: `fsm-${engine}`, engine, version: command.version, flags } as const;
    const contender = standaloneContender(variant);
    const { args } = await contender.configure(site);
    const output = openSync(join(site.folder, "output.log"), "w");
    const child = spawn(program, [...args, "--admin", formatAddress(ADMIN)], { stdio: ["ignore", output, output] });
    closeSync(output);
    const proxy = new SoakedProxy(contender, site, child);
    await proxy.#ready();
    return proxy;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get reloads(): number {
    return this.#reloads;
  }

  /** Another route beside the others, in the place of the last. */
  async reload(): Promise<void> {
    const route = passingRoute(++this.#reloads);
    const { addRoute } = this.#contender.change;
    addRoute.prepare?.(this.#site, route);
    await addRoute.apply(this.#site, route, this.pid);
  }

  metrics(): Promise<string> {
    return ask("/metrics");
  }

  /** Lines of warnings and errors. */
  complaints(): readonly string[] {
    const lines = readFileSync(join(this.#site.folder, "output.log"), "utf8").split("\n");
    return lines.filter((line) => /"level":"(warn|error)"/.test(line));
  }

  /** Ends it in order; false: it had to be killed, or had ended before. */
  async stop(): Promise<boolean> {
    process.removeListener("exit", this.#onExit);
    const ended = new Promise<number | null>((resolve) => this.#child.once("exit", resolve));
    const isRunning = this.#child.exitCode === null && this.#child.signalCode === null;
    this.#child.kill("SIGTERM");
    const waiting = new AbortController();
    const patience = sleep(END_SECONDS * 1_000, undefined, { signal: waiting.signal }).catch(() => undefined);
    const code = isRunning ? await Promise.race([ended, patience]) : undefined;
    waiting.abort();
    if (code === undefined) this.#child.kill("SIGKILL");
    rmSync(this.#site.folder, { recursive: true, force: true });
    return code === 0;
  }

  async #ready(): Promise<void> {
    for (let turn = 0; turn < START_SECONDS * 10; turn++) {
      if (this.#child.exitCode !== null) break;
      if (
        await ask("/readyz").then(
          () => true,
          () => false,
        )
      )
        return;
      await sleep(100);
    }
    const log = readFileSync(join(this.#site.folder, "output.log"), "utf8").trim().split("\n").at(-1);
    await this.stop();
    throw new Error(`the proxy was not ready within ${START_SECONDS} s: ${log}`);
  }
}

/** Without keeping the connection, which would be one of the proxy's descriptors. */
function ask(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ ...ADMIN, path, agent: false, timeout: 10_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))));
    });
    request.on("timeout", () => request.destroy(new Error(`no answer of ${path}`)));
    request.on("error", reject);
  });
}
