/** How the pace of the laboratory is told to the generator: Go's durations. Pure. */
import type { Pace } from "../measure/laboratory.ts";

export function milliseconds({ windowMs, warmUpMs }: Pace): { readonly duration: string; readonly "warm-up": string } {
  return { duration: `${windowMs}ms`, "warm-up": `${warmUpMs}ms` };
}
