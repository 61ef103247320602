/** The commands of a guide: its fenced shell blocks that are marked `run`, in their order. */
import { readFile } from "node:fs/promises";

export interface GuideStep {
  /** What a reader types. */
  readonly commands: string;
  /** What the guide shows as the answer, in the same block, where the info string says `with-output`. */
  readonly output?: string;
}

/** Info strings: `shell` or `bash`, then `run` for what a test can run too, then `with-output`. */
const FENCE = /^```(?:shell|bash) run( with-output)?\n(.*?)^```$/gms;

export async function guideSteps(file: string | URL): Promise<readonly GuideStep[]> {
  const guide = await readFile(file, "utf8");
  return [...guide.matchAll(FENCE)].map(([, withOutput, block = ""]) => {
    if (withOutput === undefined) return { commands: block };
    const [commands = "", ...output] = block.split("\n");
    return { commands, output: output.join("\n") };
  });
}
