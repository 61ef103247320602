import assert from "node:assert/strict";
import { test } from "node:test";
import { parseOffers, sourcesList } from "./apt.ts";
import { MissingPrerequisite } from "./environment.ts";

test("only Debian's own suites are asked, on the machine's mirrors, whatever its release", () => {
  const list = sourcesList([
    { uri: "http://mirror.test/debian/", suite: "trixie" },
    { uri: "http://mirror.test/debian/", suite: "trixie-updates" },
    { uri: "http://mirror.test/debian-security/", suite: "trixie-security" },
    { uri: "http://vendor.test/node_20.x", suite: "nodistro" },
  ]);
  assert.deepEqual(
    list
      .replaceAll(/\[.*?\] /g, "")
      .trim()
      .split("\n"),
    [
      "deb http://mirror.test/debian/ bookworm main",
      "deb http://mirror.test/debian/ bookworm-updates main",
      "deb http://mirror.test/debian-security/ bookworm-security main",
    ],
  );
});

test("a machine whose apt is not set to Debian is told so", () => {
  assert.throws(() => sourcesList([{ uri: "http://mirror.test/ubuntu/", suite: "noble" }]), MissingPrerequisite);
  assert.throws(() => sourcesList([]), MissingPrerequisite);
});

test("the digests are read from what apt prints", () => {
  const sha256 = "ab".repeat(32);
  const printed = `Reading lists...\n'http://mirror.test/a%2bb_1.deb' libstdc++6_1%3a12.2.0-14+deb12u1_arm64.deb 34816 SHA256:${sha256}\n`;
  assert.deepEqual(parseOffers(printed), [{ name: "libstdc++6", version: "1:12.2.0-14+deb12u1", sha256 }]);
});
