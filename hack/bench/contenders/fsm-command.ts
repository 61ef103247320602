/** Our own command: where it is, and which engines this version of it can run. */
import { join } from "node:path";
import { mustRun } from "../../image/environment.ts";
import type { ContenderName } from "./contender.ts";

/** Of this checkout. */
export const OWN_PROGRAM = join(import.meta.dirname, "../../../bin/fsm-gateway");

export type EngineName = "portable" | "linux";

/** One way to run it. */
export interface FsmVariant {
  readonly program: string;
  readonly name: ContenderName;
  readonly engine: EngineName;
  readonly version: string;
  /** That choose the engine. */
  readonly flags: readonly string[];
}

/** What `fsm-gateway run` and `fsm-gateway proxy` say of themselves. */
export interface FsmCommand {
  readonly program: string;
  readonly version: string;
  /** The flags that choose an engine; undefined where it cannot be chosen. */
  engineFlags(command: "run" | "proxy", engine: EngineName): readonly string[] | undefined;
}

export function fsmCommand(program: string): FsmCommand {
  const selectable = {
    run: mustRun(program, ["run", "--help"]).includes("--engine"),
    proxy: mustRun(program, ["proxy", "--help"]).includes("--engine"),
  };
  return {
    program,
    version: mustRun(program, ["version"]).trim(),
    engineFlags(command, engine) {
      if (selectable[command]) return ["--engine", engine];
      // Before there was a choice, the portable engine was the only one.
      return engine === "portable" ? [] : undefined;
    },
  };
}
