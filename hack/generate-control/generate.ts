/**
 * Writes src/control/generated from src/control/control.proto, offline: buf with the protoc-gen-es of node_modules.
 *
 * Run it after a change of the contract: `node hack/generate-control/generate.ts`. The test beside the contract compares
 * what it makes with what is committed.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));
const tools = `${root}node_modules/.bin/`;

/** Generates into this folder; throws with buf's own message when the contract does not compile. */
export async function generateControl(out: string): Promise<void> {
  const plugin = { local: `${tools}protoc-gen-es`, out, opt: ["target=ts", "import_extension=ts"] };
  const template = JSON.stringify({ version: "v2", plugins: [plugin] });
  await promisify(execFile)(`${tools}buf`, ["generate", `${root}src/control`, "--template", template], { cwd: root });
}

if (import.meta.main) await generateControl(`${root}src/control/generated`);
