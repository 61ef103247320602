/** The bill of materials that `npm run build` writes: of the form that CycloneDX 1.6 asks for, and true of the image beside it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { before, test } from "node:test";

const dist = join(resolve(import.meta.dirname, "../.."), "dist");

interface Component {
  readonly type: string;
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly object[];
  readonly components?: readonly Component[];
}

// biome-ignore lint/suspicious/noExplicitAny: the form of the document is what is asserted.
let bill: any;
let components: readonly Component[];
before(() => {
  bill = JSON.parse(readFileSync(join(dist, "fsm-gateway.cdx.json"), "utf8"));
  components = bill.components;
});

const all = () => components.flatMap((component) => [component, ...(component.components ?? [])]);
const withPurl = (start: string) => components.filter(({ purl }) => purl.startsWith(start));

test("it has the form of CycloneDX 1.6", () => {
  assert.deepEqual([bill.bomFormat, bill.specVersion, bill.version], ["CycloneDX", "1.6", 1]);
  assert.match(bill.serialNumber, /^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.deepEqual(Object.keys(bill).sort(), [
    "bomFormat",
    "components",
    "dependencies",
    "metadata",
    "serialNumber",
    "specVersion",
    "version",
  ]);
  assert.ok(components.length > 50, `${components.length} components`);
  for (const component of all()) {
    assert.ok(["library", "platform", "data"].includes(component.type), component.type);
    assert.ok(component.name !== "" && component.version !== "", component.purl);
    assert.match(component.purl, /^pkg:(npm|deb|generic|golang)\/[^@]+@[^@ ]+$/);
    for (const { alg, content } of component.hashes ?? []) {
      assert.equal(alg, "SHA-512");
      assert.match(content, /^[0-9a-f]{128}$/);
    }
  }
});

test("every reference in it leads somewhere, and none to two", () => {
  const root = bill.metadata.component["bom-ref"];
  const references = [root, ...all().map((component) => component["bom-ref"])];
  assert.equal(new Set(references).size, references.length);
  const known = new Set(references);
  const reached = new Set<string>([root]);
  for (const { ref, dependsOn } of bill.dependencies) {
    assert.ok(known.has(ref), ref);
    for (const one of dependsOn) {
      assert.ok(known.has(one), one);
      reached.add(one);
    }
  }
  assert.ok(reached.size > 50, `${reached.size} are needed by something`);
});

test("its npm packages are those whose licences the image carries", () => {
  const licences = readFileSync(join(dist, "bundle/THIRD-PARTY-LICENSES.txt"), "utf8");
  const carried = [...licences.matchAll(/^==== (\S+) (\S+) \(/gm)].map(([, name, version]) => `${name} ${version}`);
  const named = withPurl("pkg:npm/").map(({ name, version }) => `${name} ${version}`);
  assert.deepEqual(named.sort(), [...new Set(carried)].sort());
  for (const { purl, licenses, hashes } of withPurl("pkg:npm/")) assert.ok(licenses?.length && hashes?.length, purl);
});

/** Paths in all layers of all platforms. */
function imageFiles(): readonly string[] {
  const tar = (...args: string[]) => execFileSync("tar", args, { maxBuffer: 1 << 28 });
  const archive = join(dist, "fsm-gateway.oci.tar");
  const read = (digest: string) => tar("-xOf", archive, `blobs/${digest.replace(":", "/")}`);
  const json = (digest: string) => JSON.parse(read(digest).toString());
  const index = JSON.parse(tar("-xOf", archive, "index.json").toString()).manifests[0].digest;
  assert.equal(
    bill.metadata.component.properties.find(({ name }: { name: string }) => name === "fsm-gateway:image-digest").value,
    index,
  );
  const platforms: { digest: string }[] = json(index).manifests;
  return platforms.flatMap(({ digest }) =>
    json(digest).layers.flatMap((layer: { digest: string }) =>
      execFileSync("tar", ["-tzf", "-"], { input: read(layer.digest), encoding: "utf8", maxBuffer: 1 << 26 }).split(
        "\n",
      ),
    ),
  );
}

test("its Debian packages are those that the image has records of, and its digest is the image's", () => {
  const records = imageFiles().flatMap((path) => /^var\/lib\/dpkg\/status\.d\/(.+)$/.exec(path)?.[1] ?? []);
  assert.ok(records.length >= 10, `${records.length} records`);
  assert.deepEqual(
    withPurl("pkg:deb/debian/")
      .map(({ name }) => name)
      .sort(),
    records.sort(),
  );
});

test("it has one node for each platform, with OpenSSL and V8 in it", () => {
  const nodes = withPurl("pkg:generic/node@");
  assert.deepEqual(nodes.map(({ purl }) => purl.split("?")[1]).sort(), ["arch=amd64", "arch=arm64"]);
  for (const { version, components: parts = [] } of nodes) {
    assert.equal(`v${version}`, process.version);
    for (const name of ["openssl", "v8", "uv"]) {
      assert.equal(parts.find((part) => part.name === name)?.version, process.versions[name], name);
    }
  }
});

test("Gateway API's definitions are of the version that it names, in the image and beside it", () => {
  const [{ version } = assert.fail("there is no Gateway API"), ...others] = withPurl("pkg:golang/");
  assert.deepEqual(others, []);
  const crds = readFileSync(join(dist, "gateway-api-crds.yaml"), "utf8");
  assert.ok(crds.includes(`gateway.networking.k8s.io/bundle-version: ${version}`));
  assert.equal(globSync("bundle/gateway-api-crds.json", { cwd: dist }).length, 1);
});
