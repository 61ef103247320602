import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { libraryPaths, readTree } from "./disk.ts";

const folder = mkdtempSync(join(tmpdir(), "disk-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "app/lib"), { recursive: true });
writeFileSync(join(folder, "app/run"), "#!");
chmodSync(join(folder, "app/run"), 0o700);
writeFileSync(join(folder, "app/lib/data"), "d");
chmodSync(join(folder, "app/lib/data"), 0o600);
symlinkSync("run", join(folder, "app/start"));

const summary = (source: string, destination: string) =>
  readTree(join(folder, source), destination)
    .map((entry) => [entry.path, entry.type === "symlink" ? entry.target : entry.mode.toString(8)].join(" "))
    .sort();

test("a folder is taken whole, links as links, modes without the umask", () => {
  assert.deepEqual(summary("app", "/srv"), [
    "srv 755",
    "srv/lib 755",
    "srv/lib/data 644",
    "srv/run 755",
    "srv/start run",
  ]);
});

test("a folder can be the root itself", () => {
  assert.deepEqual(summary("app/lib", "/"), ["data 644"]);
});

test("a file keeps its name under a destination that ends in a slash", () => {
  assert.deepEqual(summary("app/run", "/usr/bin/"), ["usr/bin/run 755"]);
  assert.deepEqual(summary("app/start", "/usr/bin/start"), ["usr/bin/start 755"]);
});

test("ldd's answer names the loader and the libraries, and a missing one is an error", () => {
  const answer = [
    "\tlinux-vdso.so.1 (0x00007ffd)",
    "\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f01)",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)",
  ];
  assert.deepEqual(libraryPaths(answer.join("\n")), ["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"]);
  assert.deepEqual(libraryPaths("\tstatically linked\n"), []);
  assert.throws(() => libraryPaths("\tlibx.so.1 => not found"), /libx\.so\.1 is not installed/);
});
