/** Two network namespaces of a test's own with a link between them that it can cut. Needs root, ip(8) and nsenter(1). */
import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { TestContext } from "node:test";

export const GATEWAY_ADDRESS = "10.79.0.1";
export const PEER_ADDRESS = "10.79.0.2";

export type Place = "gateway" | "peer";

/** A program in one of the namespaces, which reports in lines. */
export interface Program {
  /** The next line that matches; rejects after `withinMs`. */
  line(pattern: RegExp, withinMs: number): Promise<string>;
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
}

export class Namespaces {
  readonly #names: Readonly<Record<Place, string>>;
  readonly #t: TestContext;

  constructor(t: TestContext) {
    this.#t = t;
    const id = `${process.pid}-${Math.floor(performance.now())}`;
    this.#names = { gateway: `fsm-gateway-${id}`, peer: `fsm-peer-${id}` };
    const { gateway, peer } = this.#names;
    t.after(() => {
      for (const name of [gateway, peer]) spawnSync("ip", ["netns", "del", name]);
    });
    ip("netns", "add", gateway);
    ip("netns", "add", peer);
    ip("-n", gateway, "link", "add", "link0", "type", "veth", "peer", "name", "link0", "netns", peer);
    ip("-n", gateway, "address", "add", `${GATEWAY_ADDRESS}/24`, "dev", "link0");
    ip("-n", peer, "address", "add", `${PEER_ADDRESS}/24`, "dev", "link0");
    for (const name of [gateway, peer]) {
      for (const device of ["lo", "link0"]) ip("-n", name, "link", "set", device, "up");
    }
  }

  /** The peer's end goes down: what is sent to it is lost, and nobody is told. */
  cutLink(): void {
    ip("-n", this.#names.peer, "link", "set", "link0", "down");
  }

  /** Runs programs.ts there. */
  start(place: Place, ...args: readonly string[]): Program {
    const program = join(import.meta.dirname, "programs.ts");
    const command = [`--net=/run/netns/${this.#names[place]}`, process.execPath, program, ...args];
    const child = spawn("nsenter", command, { stdio: ["pipe", "pipe", "inherit"] });
    this.#t.after(async () => {
      if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
    });
    const lines: string[] = [];
    const waiting = new Set<() => void>();
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      for (const look of waiting) look();
    });
    const find = (pattern: RegExp) => {
      const index = lines.findIndex((line) => pattern.test(line));
      return index === -1 ? undefined : lines.splice(index, 1)[0];
    };
    const line = (pattern: RegExp, withinMs: number) =>
      new Promise<string>((resolve, reject) => {
        const settle = (end: () => void) => {
          clearTimeout(timer);
          waiting.delete(look);
          end();
        };
        const look = () => {
          const found = find(pattern);
          if (found !== undefined) settle(() => resolve(found));
        };
        const timer = setTimeout(
          () => settle(() => reject(new Error(`no line ${pattern} within ${withinMs} ms: ${lines.join("\n")}`))),
          withinMs,
        );
        waiting.add(look);
        look();
      });
    return { child, line };
  }
}

function ip(...args: readonly string[]): void {
  const { error, status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (error !== undefined || status !== 0) throw new Error(`ip ${args.join(" ")}: ${error?.message ?? stderr}`);
}
