/** Conventions of the command line that hold for all commands. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const COMMANDS = ["run", "check", "explain", "operator", "proxy", "version"];

function call(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("the version, by option or command", () => {
  const [option, short, command] = [call("--version"), call("-V"), call("version")];
  assert.match(option.stdout, /^fsm-gateway \d+\.\d+\.\d+ \(node v\d+\.\d+\.\d+\)\n$/);
  assert.deepEqual([option.status, option.stderr], [0, ""]);
  assert.deepEqual([short, command], [option, option]);
});

for (const command of COMMANDS) {
  test(`${command}: an unknown option is exit code 2, and the hint names the help of the command`, () => {
    const { status, stderr } = call(command, "--no-such-option");
    assert.equal(status, 2);
    // Where an option is required, its absence comes first.
    assert.match(stderr, /^error: (unknown option '--no-such-option'|required option)/);
    assert.match(stderr, new RegExp(`\\(fsm-gateway ${command} --help says more\\)`));
  });
}

test("help has at most 100 columns where there is no terminal", () => {
  for (const command of COMMANDS) {
    const { status, stdout } = call(command, "--help");
    assert.equal(status, 0);
    const [options = ""] = stdout.slice(stdout.indexOf("Options:")).split("\n\n");
    const long = options.split("\n").filter((line) => line.length > 100);
    assert.deepEqual(long, [], command);
  }
});

test("help that nobody reads to its end is no error", async () => {
  const child = spawn(process.execPath, [MAIN, "run", "--help"]);
  child.stdout.destroy();
  let errors = "";
  child.stderr.on("data", (data) => (errors += data));
  const [code] = await once(child, "close");
  assert.deepEqual([code === 0 || code === 141, errors], [true, ""]);
});
