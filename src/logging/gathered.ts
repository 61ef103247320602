/**
 * Lines of one turn of the event loop leave in one write, at its end. Standard output is mostly a pipe, and a write to it is a call that
 * waits, and wakes whoever reads: nothing that is to go out in the same turn should come after it.
 */
import type { Writable } from "node:stream";

/** To be called before each write. What is gathered leaves before the process ends, unless it is killed. */
export function gatherer(stream: Pick<Writable, "cork" | "uncork">, process: NodeJS.EventEmitter): () => void {
  let isGathering = false;
  const release = () => {
    if (!isGathering) return;
    isGathering = false;
    stream.uncork();
  };
  process.on("exit", release);
  return () => {
    if (isGathering) return;
    isGathering = true;
    stream.cork();
    setImmediate(release);
  };
}
