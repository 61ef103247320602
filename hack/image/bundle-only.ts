/**
 * The bundle alone, for an image that another tool puts together: `node hack/image/bundle-only.ts FOLDER`.
 */
import { resolve } from "node:path";
import { BUNDLE_ENTRY, bundle } from "./bundle.ts";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Usage: node hack/image/bundle-only.ts FOLDER");
  process.exitCode = 2;
} else {
  await bundle(BUNDLE_ENTRY, resolve(folder));
}
