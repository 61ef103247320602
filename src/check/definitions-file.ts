/**
 * Where the definitions are: beside the bundle in an image, in dist/ of a checkout. They are built (`npm run definitions`), since
 * they are Gateway API's and not ours; without them nothing is judged, rather than less.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Definitions } from "./schema/definitions.ts";

export const DEFINITIONS_FILE = "gateway-api-crds.json";

/** From this module: the bundle has it in its own folder or in chunks/, a checkout in src/check/. */
const PLACES = ["", "..", "../../dist"];

/** Undefined: they have not been built. */
export function readDefinitions(): Definitions | undefined {
  for (const place of PLACES) {
    try {
      return JSON.parse(readFileSync(join(import.meta.dirname, place, DEFINITIONS_FILE), "utf8")) as Definitions;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return undefined;
}
