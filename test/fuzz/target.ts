/**
 * What can be fuzzed: a parser with what must hold for any bytes. Adding one is a module with a `FuzzTarget` and a line in
 * `targets.ts`.
 */
import type { Random } from "./random.ts";

export interface FuzzTarget {
  /** Names its file in `corpus/` and its findings. */
  readonly name: string;
  /** Where to begin: inputs that reach far. What earlier runs kept is added to them. */
  seeds(): readonly Uint8Array[];
  /** Words of the format, to be put anywhere. */
  readonly dictionary: readonly Uint8Array[];
  /** Changes an input by the rules of its format, so that its lengths still fit; undefined if it has none to follow. */
  restructure?(input: Uint8Array, random: Random): Uint8Array | undefined;
  /**
   * Throws when something that must hold does not. Always the same for the same input: where a choice is to be made it is
   * made by `random`, which is seeded by the input.
   */
  check(input: Uint8Array, random: Random): void;
}
