/**
 * The manifest of `kubectl apply -f install.yaml`: what the chart renders with its default values (`npm run manifest` keeps it beside this
 * file), with the image and version put in. What it spells must agree with src/model/identity.ts; test/manifest asserts it.
 */
import { readFileSync } from "node:fs";

export interface InstallOptions {
  /** Reference of the image that operator and proxies run. */
  readonly image: string;
  /** Of the program, for the version label. */
  readonly version: string;
}

export const RENDERED = new URL("./install.yaml", import.meta.url);

/** What the chart's defaults render, as it writes it. The image is where the operator's is said and where its proxies' is. */
const IMAGE = { text: '"localhost/fsm-gateway:dev"', times: 2 };
/** The labels of the Deployment and of its Pods. */
const VERSION = { text: /(?<=app\.kubernetes\.io\/version: )"[^"]+"/g, times: 2 };

/** YAML documents in the order in which they can be applied. @throws Error when the rendered manifest has not what is to be replaced. */
export function renderInstallManifest({ image, version }: InstallOptions): string {
  const withImage = replaced(readFileSync(RENDERED, "utf8"), IMAGE, image);
  return replaced(withImage, VERSION, version);
}

function replaced(manifest: string, { text, times }: typeof IMAGE | typeof VERSION, value: string): string {
  let count = 0;
  const result = manifest.replaceAll(text, () => {
    count++;
    // A JSON string is a YAML string, whatever characters it holds (YAML 1.2, section 1.3).
    return JSON.stringify(value);
  });
  if (count !== times)
    throw new Error(`the rendered manifest has ${text} ${count} times, not ${times}: npm run manifest`);
  return result;
}
