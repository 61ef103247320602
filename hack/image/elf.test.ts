import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { elfNeeds } from "./elf.ts";

test("finds in this very node what ldd finds, loader included", {
  skip: process.platform === "linux" ? false : "this node is no ELF file",
}, () => {
  const { interpreter, libraries } = elfNeeds(readFileSync(process.execPath));
  const listed = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
  assert(interpreter !== undefined && listed.includes(`\t${interpreter} (`), listed);
  assert(libraries.includes("libc.so.6"), libraries.join());
  for (const library of libraries) assert(listed.includes(library), `${library} is not in\n${listed}`);
  // The other way round: all that ldd names and node does not need itself is needed by one of its libraries.
  const resolved = [...listed.matchAll(/(\S+) => (\/\S+) \(/g)].map(([, name, path]) => ({ name, path: path! }));
  const deep = new Set([...libraries, ...resolved.flatMap(({ path }) => elfNeeds(readFileSync(path)).libraries)]);
  assert.deepEqual(
    resolved.filter(({ name }) => !deep.has(name!)),
    [],
  );
});

test("what is not ELF is refused", () => {
  assert.throws(() => elfNeeds(Buffer.from("#!/bin/sh\n")), /not a 64-bit little-endian ELF/);
  assert.throws(() => elfNeeds(Buffer.alloc(0)), /not a 64-bit little-endian ELF/);
});
