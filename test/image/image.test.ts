/** What `npm run build` has put into dist/fsm-gateway.oci.tar, looked at with the system's tar; and that it runs. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly platform: { readonly architecture: string };
}

const checkout = resolve(import.meta.dirname, "../..");
const archive = join(checkout, "dist/fsm-gateway.oci.tar");
const folder = mkdtempSync(join(tmpdir(), "image-test-"));
const json = (path: string) => JSON.parse(readFileSync(join(folder, path), "utf8"));
const blob = (descriptor: Descriptor) => `blobs/${descriptor.digest.replace(":", "/")}`;
const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const platforms = (): Descriptor[] => json(blob(json("index.json").manifests[0])).manifests;
const version = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")).version;

function listing(manifest: { layers: Descriptor[] }): string[] {
  const lines = manifest.layers.map((layer) =>
    execFileSync("tar", ["-tvzf", join(folder, blob(layer))], { encoding: "utf8", maxBuffer: 1 << 26 }),
  );
  return lines.join("").split("\n").filter(Boolean);
}

before(() => {
  statSync(archive); // fails with its name where `npm run build` has not run
  execFileSync("tar", ["-xf", archive, "-C", folder]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("one image of both platforms, every blob of the digest and size that is said of it", () => {
  const [named, ...others] = json("index.json").manifests;
  assert.deepEqual(others, []);
  assert.deepEqual(
    platforms().map((each) => each.platform.architecture),
    ["amd64", "arm64"],
  );
  const manifests = platforms().map((each) => json(blob(each)));
  for (const each of [named, ...platforms(), ...manifests.flatMap(({ config, layers }) => [config, ...layers])]) {
    assert.equal(`sha256:${sha256(join(folder, blob(each)))}`, each.digest);
    assert.equal(statSync(join(folder, blob(each))).size, each.size);
  }
});

test("it runs as 65532, from node and our bundle alone", () => {
  for (const platform of platforms()) {
    const { config } = json(blob(json(blob(platform)).config));
    assert.equal(config.User, "65532:65532");
    assert.deepEqual(config.Entrypoint, [
      "/usr/bin/node",
      "--max-semi-space-size=4",
      "--no-parallel-scavenge",
      "--disable-warning=DEP0040",
      "/app/fsm-gateway.js",
    ]);
  }
});

test("no layer holds a shell, a second program, or a file that raises privileges", () => {
  for (const platform of platforms()) {
    const files = listing(json(blob(platform)));
    assert(files.some((line) => line.endsWith(" app/fsm-gateway.js")));
    for (const line of files) assert.match(line, /^\S+ 0\/0 /, "owned by root");
    const raised = files.filter((line) => /^-..[sS]|^-.....[sS]/.test(line));
    assert.deepEqual(raised, []);
    const programs = files.filter((line) => /^[-l]..x/.test(line) && !/\.so(\.\d+)*$/.test(line));
    assert.deepEqual(
      programs.map((line) => line.split(" ").at(-1)),
      ["usr/bin/node"],
    );
  }
});

test("the layers of this machine's platform answer `version`, alone and as nobody", (context) => {
  if (process.getuid?.() !== 0) throw new Error("this test needs root, for chroot");
  const own = process.arch === "x64" ? "amd64" : process.arch;
  const platform = platforms().find((each) => each.platform.architecture === own);
  assert(platform, own);
  const root = join(folder, "root");
  mkdirSync(root);
  context.after(() => rmSync(root, { recursive: true, force: true }));
  for (const layer of json(blob(platform)).layers)
    execFileSync("tar", ["-xpzf", join(folder, blob(layer)), "-C", root]);
  const command = ["/usr/bin/node", "/app/fsm-gateway.js", "version"];
  const answer = execFileSync("chroot", ["--userspec=65532:65532", root, ...command], { encoding: "utf8" });
  assert(answer.includes(version), answer);
});

test("a second build is the same, byte for byte", () => {
  const first = sha256(archive);
  execFileSync(process.execPath, [join(checkout, "hack/image/build.ts"), "--image", reference()], { stdio: "pipe" });
  assert.equal(sha256(archive), first);
});

const reference = () => json("index.json").manifests[0].annotations["io.containerd.image.name"];
