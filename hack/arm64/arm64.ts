/**
 * `npm run test:arm64`: the tests of the linux engine on arm64, by the pinned Node for it and qemu's user mode, where the machine is of
 * another kind. It shows that structures and calls are those of arm64's ABI, as qemu knows it; the kernel beneath is this machine's.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { debianPackages } from "../image/debian.ts";
import { checkout, MissingPrerequisite, run } from "../image/environment.ts";
import { libraryEntries } from "../image/libraries.ts";
import { nodeBinary } from "../image/node-binary.ts";
import { LINUX_ENGINE_SUITE } from "../linux-engine-suite.ts";

/** It starts a program of its own, which the kernel cannot. */
const LEFT_OUT = "who reaches behind a block";
const EMULATORS = ["qemu-aarch64-static", "qemu-aarch64"];

function emulator(): string {
  for (const program of EMULATORS) {
    try {
      if (run(program, ["--version"]).ok) return program;
    } catch (error) {
      if (!(error instanceof MissingPrerequisite)) throw error;
    }
  }
  throw new MissingPrerequisite(`${EMULATORS.join(" or ")} is missing on this machine (Debian's qemu-user-static)`);
}

function main(): number {
  const qemu = emulator();
  const root = mkdtempSync(join(tmpdir(), "fsm-arm64-"));
  try {
    const { program, version } = nodeBinary("arm64");
    const node = join(root, "node");
    writeFileSync(node, program, { mode: 0o755 });
    for (const entry of libraryEntries(program, "arm64", debianPackages("arm64", console.error))) {
      if (entry.type !== "file") continue;
      mkdirSync(dirname(join(root, entry.path)), { recursive: true });
      writeFileSync(join(root, entry.path), entry.content);
    }
    console.log(`node ${version} for arm64, ${qemu}`);
    const test = ["--test-isolation=none", `--test-skip-pattern=${LEFT_OUT}`, "--test", ...LINUX_ENGINE_SUITE];
    const { error, status } = spawnSync(qemu, ["-L", root, node, ...test], { cwd: checkout, stdio: "inherit" });
    if (error !== undefined) throw new Error(`${qemu} did not run`, { cause: error });
    return status ?? 1;
  } finally {
    rmSync(root, { recursive: true });
  }
}

try {
  process.exitCode = main();
} catch (error) {
  if (!(error instanceof MissingPrerequisite)) throw error;
  console.error(`test:arm64: ${error.message}`);
  process.exitCode = 2;
}
