import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { type TarEntry, tarChunks } from "./tar.ts";

const pack = (entries: TarEntry[]) => Buffer.concat([...tarChunks(entries)]);

/** Unpacks with the system's tar and hands the folder to `check`. */
function unpacked(entries: TarEntry[], check: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "tar-test-"));
  try {
    writeFileSync(join(folder, "a.tar"), pack(entries));
    execFileSync("tar", ["-xpf", "a.tar"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    check(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const file = (path: string, content = "x", mode = 0o644): TarEntry => {
  return { type: "file", path, mode, content: Buffer.from(content) };
};

test("the system's tar unpacks files, directories and links with their modes", () => {
  const entries: TarEntry[] = [
    { type: "directory", path: "tmp", mode: 0o1777 },
    file("tmp/run", "#!", 0o755),
    { type: "symlink", path: "tmp/link", target: "run" },
    file("empty", ""),
  ];
  unpacked(entries, (folder) => {
    assert.equal(lstatSync(join(folder, "tmp")).mode & 0o7777, 0o1777);
    assert.equal(lstatSync(join(folder, "tmp/run")).mode & 0o7777, 0o755);
    assert.equal(lstatSync(join(folder, "tmp/run")).mtimeMs, 0);
    assert.equal(readlinkSync(join(folder, "tmp/link")), "run");
    assert.equal(readFileSync(join(folder, "empty"), "utf8"), "");
  });
});

test("names survive at and beyond each limit of ustar", () => {
  const long = "d".repeat(99);
  const paths = ["n".repeat(100), "n".repeat(101), `${long}/${"n".repeat(100)}`, `${long}/${long}/${long}/f`, "é/ü"];
  const target = "t".repeat(150);
  unpacked([...paths.map((path) => file(path, path)), { type: "symlink", path: "l", target }], (folder) => {
    for (const path of paths) assert.equal(readFileSync(join(folder, path), "utf8"), path);
    assert.equal(readlinkSync(join(folder, "l")), target);
  });
});

test("a pax record's length counts its own digits, also where they carry", () => {
  // A record of 99 bytes with a two-digit length, of 101 with a three-digit one.
  for (let length = 80; length <= 110; length++) {
    const path = "é".repeat(length / 2);
    unpacked([file(path)], (folder) => assert.equal(readFileSync(join(folder, path), "utf8"), "x"));
  }
});

test("every archive is whole blocks and lists the names that went in", () => {
  const name = fc.stringMatching(/^[a-zé]{1,120}$/).filter((part) => part !== "." && part !== "..");
  const path = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 8 }), fc.nat(1500), (paths, size) => {
      const archive = pack(paths.map((path) => file(path, "c".repeat(size))));
      assert.equal(archive.length % 512, 0);
      const listed = execFileSync("tar", ["-tf", "-", "--quoting-style=literal"], { input: archive, encoding: "utf8" });
      assert.deepEqual(listed.split("\n").filter(Boolean), paths);
    }),
    { numRuns: 25 },
  );
});

test("a path that leaves the archive's root is refused", () => {
  for (const path of ["/etc/passwd", "a/../b", "..", "a//b", "a/", ".", "", "a\0b"]) {
    assert.throws(() => pack([file(path)]), RangeError, JSON.stringify(path));
  }
});
