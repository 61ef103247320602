import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { type ImageConfig, imageArchive, type PlatformImage, packLayer } from "./layout.ts";
import { directory, file } from "./rootfs.ts";
import { type TarEntry, tarChunks } from "./tar.ts";

const config: ImageConfig = { Entrypoint: ["/a"], Cmd: [], Env: ["A=b"], User: "65532:65532", WorkingDir: "/" };
const hex = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

function images(): PlatformImage[] {
  const layer = packLayer([file("/bin/a", "#!", true), directory("/tmp")], (tar) => gzipSync(tar));
  return [
    { architecture: "amd64", config, layers: [layer] },
    { architecture: "arm64", config, layers: [layer, packLayer([file("/arm", "64")])] },
  ];
}

function contentOf(entries: readonly TarEntry[], path: string): Uint8Array {
  const entry = entries.find((candidate) => candidate.path === path);
  assert(entry?.type === "file", path);
  return entry.content;
}

test("every descriptor leads to a blob of its digest and size", () => {
  const { entries, digest } = imageArchive("localhost/x:dev", images());
  const json = (path: string) => JSON.parse(Buffer.from(contentOf(entries, path)).toString());
  const blob = (descriptor: { digest: string; size: number }) => {
    const path = `blobs/${descriptor.digest.replace(":", "/")}`;
    assert.equal(hex(contentOf(entries, path)), descriptor.digest);
    assert.equal(contentOf(entries, path).length, descriptor.size);
    return path;
  };
  const [named] = json("index.json").manifests;
  assert.equal(named.digest, digest);
  const platforms = json(blob(named)).manifests;
  assert.deepEqual(
    platforms.map((each: { platform: unknown }) => each.platform),
    ["amd64", "arm64"].map((architecture) => ({ architecture, os: "linux" })),
  );
  for (const descriptor of platforms) {
    const manifest = json(blob(descriptor));
    const imageConfig = json(blob(manifest.config));
    assert.deepEqual(imageConfig.config, config);
    const diffIds = manifest.layers.map((layer: { digest: string; size: number; mediaType: string }) => {
      const bytes = contentOf(entries, blob(layer));
      return hex(layer.mediaType.endsWith("+gzip") ? gunzipSync(bytes) : bytes);
    });
    assert.deepEqual(imageConfig.rootfs.diff_ids, diffIds);
  }
});

test("the archive is named for containerd by its reference, and for others by its tag", () => {
  const { entries } = imageArchive("localhost:5000/fsm-gateway:v1.2-rc", images());
  const [named] = JSON.parse(Buffer.from(contentOf(entries, "index.json")).toString()).manifests;
  assert.equal(named.annotations["io.containerd.image.name"], "localhost:5000/fsm-gateway:v1.2-rc");
  assert.equal(named.annotations["org.opencontainers.image.ref.name"], "v1.2-rc");
});

test("equal inputs give an equal archive, byte for byte", () => {
  const archive = () => hex(Buffer.concat([...tarChunks(imageArchive("localhost/x:dev", images()).entries)]));
  assert.equal(archive(), archive());
});

test("a reference without a tag is refused", () => {
  assert.throws(() => imageArchive("localhost:5000/fsm-gateway", images()), /has no tag/);
});
