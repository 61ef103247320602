/** Talking to Service `talk` from outside the cluster: starts talk-client.ts there and reads its count. */
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { Cluster } from "../support/cluster.ts";
import type { TalkCount, TalkOptions } from "./talk-client.ts";

const PROGRAM = join(import.meta.dirname, "talk-client.ts");

export interface Talk {
  /** Has each of its connections say a last line. */
  stop(): Promise<TalkCount>;
}

/** Comes back once every connection has its first answer, or has failed; they go on until they are stopped. */
export function startTalk(cluster: Cluster, options: Omit<TalkOptions, "goesOn">): Promise<Talk> {
  return start(cluster, { ...options, goesOn: true });
}

/** One connection, one line: `first`. */
export async function ask(cluster: Cluster, options: Omit<TalkOptions, "connections" | "goesOn">): Promise<TalkCount> {
  return (await start(cluster, { ...options, connections: 1, goesOn: false })).stop();
}

async function start(cluster: Cluster, options: TalkOptions): Promise<Talk> {
  const child = cluster.startOutside([process.execPath, PROGRAM, JSON.stringify(options)]);
  child.stdin.on("error", () => {});
  const ended = Promise.all([once(child, "close"), text(child.stderr)]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    stop: async () => {
      child.stdin.end();
      const { value } = await lines.next();
      const [[code], stderr] = await ended;
      if (code !== 0 || value === undefined) throw new Error(`the client ended with ${code}: ${stderr}`);
      return JSON.parse(value);
    },
  };
}
