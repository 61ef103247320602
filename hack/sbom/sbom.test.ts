import assert from "node:assert/strict";
import { test } from "node:test";
import { debianComponent, gatewayApiComponent, nodeComponent } from "./base.ts";
import { type Bill, type Component, cycloneDx } from "./cyclonedx.ts";
import { npmComponents } from "./npm.ts";

const BYTES = Buffer.alloc(64, 7);
const integrity = `sha512-${BYTES.toString("base64")}`;
const pinned = (version: string, dependencies: Record<string, string> = {}) => ({
  version,
  integrity,
  license: "MIT",
  dependencies,
});

test("of npm those are components that are bundled, each needing what Node would find for it", () => {
  const lockfile = {
    packages: {
      "": { dependencies: { one: "1.0.0", "@scope/two": "2.0.0", unused: "1.0.0" } },
      "node_modules/one": pinned("1.0.0", { "@scope/two": "^1.0.0", absent: "*" }),
      "node_modules/one/node_modules/@scope/two": pinned("1.5.0"),
      "node_modules/@scope/two": pinned("2.0.0", { one: "*" }),
      "node_modules/unused": pinned("1.0.0"),
    },
  };
  const folders = ["node_modules/one", "../up/node_modules/one/node_modules/@scope/two", "node_modules/@scope/two"];
  const { components, direct } = npmComponents(folders, lockfile);
  const needs = Object.fromEntries(components.map((component) => [component.purl, component.needs]));
  assert.deepEqual(needs, {
    "pkg:npm/one@1.0.0": ["pkg:npm/%40scope/two@1.5.0"],
    "pkg:npm/%40scope/two@1.5.0": [],
    "pkg:npm/%40scope/two@2.0.0": ["pkg:npm/one@1.0.0"],
  });
  assert.deepEqual([...direct].sort(), ["pkg:npm/%40scope/two@2.0.0", "pkg:npm/one@1.0.0"]);
  assert.deepEqual(components[0]?.hash, { algorithm: "SHA-512", hex: BYTES.toString("hex") });
  assert.throws(() => npmComponents(["node_modules/unknown"], lockfile), /does not pin node_modules\/unknown/);
});

test("node is named with what is built into it, by a node of the same version only", () => {
  const versions = { node: "26.1.0", openssl: "3.5.8", v8: "14.6-node.3", modules: "147", ngtcp2: "" };
  const { purl, cpe, components } = nodeComponent({ version: "26.1.0", architecture: "arm64", versions });
  assert.equal(purl, "pkg:generic/node@26.1.0?arch=arm64");
  assert.match(cpe ?? "", /:node\.js:26\.1\.0:/);
  assert.deepEqual(
    components?.map(({ name, version }) => `${name} ${version}`),
    ["openssl 3.5.8", "v8 14.6-node.3"],
  );
  assert.throws(() => nodeComponent({ version: "26.2.0", architecture: "arm64", versions }), /cannot say/);
});

test("a Debian package is known by its version, and by the source that advisories name", () => {
  const control = "Package: libc6\nSource: glibc (2.36-9)\nVersion: 2.36-9+deb12u14\nArchitecture: amd64\n";
  const purl = "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12&upstream=glibc";
  assert.equal(debianComponent(control, "debian-12").purl, purl);
  assert.throws(() => debianComponent("Package: libc6\n", "debian-12"), /lack/);
});

test("Gateway API's definitions are of the version that go.mod pins", () => {
  const goMod = "module x\n\nrequire sigs.k8s.io/gateway-api v1.6.3\n";
  assert.equal(gatewayApiComponent(goMod).purl, "pkg:golang/sigs.k8s.io/gateway-api@v1.6.3");
  assert.throws(() => gatewayApiComponent("module x\n"), /does not pin/);
});

const component = (name: string, more: Partial<Component> = {}): Component => ({
  type: "library",
  name,
  version: "1",
  purl: `pkg:generic/${name}@1`,
  ...more,
});
const bill = (components: readonly Component[], needs: readonly string[]): Bill => ({
  name: "program",
  version: "1",
  license: "Apache-2.0",
  image: { reference: "localhost/program:1", digest: "sha256:0" },
  components,
  needs,
});

test("a bill is the same for the same parts, and has another number for others", () => {
  const a = cycloneDx(bill([component("a")], ["pkg:generic/a@1"]));
  assert.equal(a, cycloneDx(bill([component("a")], ["pkg:generic/a@1"])));
  const { serialNumber } = JSON.parse(a);
  assert.match(serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(JSON.parse(cycloneDx(bill([component("b")], []))).serialNumber, serialNumber);
});

test("a licence is an expression, or a name where it is words", () => {
  const licensed = ["(MIT OR Apache-2.0)", "SEE LICENSE IN LICENSE.txt"].map((license, i) =>
    component(`p${i}`, { license }),
  );
  const { components } = JSON.parse(cycloneDx(bill(licensed, [])));
  assert.deepEqual(
    components.map(({ licenses }: { licenses: unknown }) => licenses),
    [[{ expression: "(MIT OR Apache-2.0)" }], [{ license: { name: "SEE LICENSE IN LICENSE.txt" } }]],
  );
});

test("a bill that contradicts itself is not written", () => {
  assert.throws(() => cycloneDx(bill([component("a"), component("a")], [])), /one package URL/);
  assert.throws(() => cycloneDx(bill([component("a", { needs: ["pkg:generic/b@1"] })], [])), /lacks .*b@1/);
});
