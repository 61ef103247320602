/**
 * Which engine moves the bytes: the one that was asked for, or the best that this machine has.
 */

import { BackendConnections, createBackendCounts } from "./admit/backend-connections.ts";
import { maxBackendConnections } from "./connection-limit.ts";
import type { EngineChoice } from "./engine-choices.ts";
import { LinuxEngine, type LinuxEngineOptions, linuxEngineMeans } from "./linux/linux-engine.ts";
import { randomSeed } from "./random-seed.ts";
import type { Engine } from "./relay/engine.ts";
import { PortableEngine } from "./relay/portable-engine.ts";

export type { EngineChoice };

/** Features that need more than Node's API. docs/guides/operations.md describes the effects. */
const UNSUPPORTED_BY_PORTABLE = ["tcpUserTimeout", "urgent data"];

/** One sentence on why this engine cannot run here; `auto` and `portable` always can. */
export function engineProblem(choice: EngineChoice): string | undefined {
  const means = choice === "linux" ? linuxEngineMeans() : undefined;
  return means !== undefined && "problem" in means ? means.problem : undefined;
}

/** Throws when the linux engine is asked for by name and cannot run here; the message is a sentence. */
export function chooseEngine(choice: EngineChoice, options: LinuxEngineOptions): Engine {
  const { host, clock, log, connect, processConnections, share } = options;
  const portable = () => {
    log.info("portable engine", { unsupported: UNSUPPORTED_BY_PORTABLE });
    const counts = createBackendCounts(1, maxBackendConnections(share.maxConnections), randomSeed());
    const backends = new BackendConnections(counts, 0);
    return new PortableEngine({
      host,
      clock,
      log,
      backends,
      processConnections,
      ...(connect === undefined ? {} : { connect }),
    });
  };
  if (choice === "portable") return portable();
  const isApt = connect === undefined || choice === "linux";
  const means = isApt ? linuxEngineMeans() : { problem: "it dials by itself, and was given how to" };
  if (!("problem" in means)) return new LinuxEngine(options, means);
  if (choice === "linux") throw new Error(`the linux engine cannot run here: ${means.problem}`);
  log.info("portable engine: the linux engine cannot run here", { why: means.problem });
  return portable();
}
