/**
 * The OCI image layout (image-spec v1.1): layers, configurations, manifests and one index over all platforms.
 * Owns their JSON and digests. Equal inputs give equal bytes: no clock, no host name.
 * Never touches the disk; what it returns are the entries of the archive.
 */
import { createHash } from "node:crypto";
import { completeTree, file } from "./rootfs.ts";
import { type TarEntry, tarChunks } from "./tar.ts";

export type Architecture = "amd64" | "arm64";
/** Makes a gzip file of a layer's tar; the same bytes for the same tar. */
export type Gzip = (tar: Uint8Array, diffId: string) => Uint8Array;

/** One packed layer. `diffId` is the digest of the tar, `digest` that of the bytes as stored. */
export interface Layer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly diffId: string;
  readonly digest: string;
}

/** What the runtime needs to start a container; the field names are those of the image configuration. */
export interface ImageConfig {
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Env: readonly string[];
  readonly User: string;
  readonly WorkingDir: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** The image of one platform, always linux. */
export interface PlatformImage {
  readonly architecture: Architecture;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Blob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

const MEDIA = "application/vnd.oci.image.";
/** Reproducible: an image has no creation time of its own. */
const EPOCH = "1970-01-01T00:00:00Z";

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Packs the entries, sorted and completed, as one layer; uncompressed without `gzip`. */
export function packLayer(entries: Iterable<TarEntry>, gzip?: Gzip): Layer {
  const tar = Buffer.concat([...tarChunks(completeTree(entries))]);
  const mediaType = `${MEDIA}layer.v1.tar`;
  const diffId = sha256(tar);
  if (gzip === undefined) return { mediaType, bytes: tar, diffId, digest: diffId };
  const bytes = gzip(tar, diffId);
  return { mediaType: `${mediaType}+gzip`, bytes, diffId, digest: sha256(bytes) };
}

export interface ImageArchive {
  /** The digest of the index over the platforms: what a registry would call the image's digest. */
  readonly digest: string;
  readonly entries: readonly TarEntry[];
}

/**
 * The archive of an image with one index over `images`, named so that `ctr images import` and
 * `podman load` call it `reference` (a full one, with a tag). Throws where the reference has no tag.
 */
export function imageArchive(reference: string, images: readonly PlatformImage[]): ImageArchive {
  const blobs = new Map<string, Blob>();
  const add = (blob: Blob): Descriptor => {
    blobs.set(blob.descriptor.digest, blob);
    return blob.descriptor;
  };
  const manifests = images.map((image) => ({
    ...addManifest(image, add),
    platform: { architecture: image.architecture, os: "linux" },
  }));
  const index = add(jsonBlob("index", { manifests }));
  const annotations = { "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": tagOf(reference) };
  // The platforms lie one index deeper: importers make one image of each entry of index.json.
  const root = jsonBlob("index", { manifests: [{ ...index, annotations }] });
  const entries = completeTree([
    file("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })),
    file("index.json", root.bytes),
    ...[...blobs.values()].map((blob) => file(`blobs/${blob.descriptor.digest.replace(":", "/")}`, blob.bytes)),
  ]);
  return { digest: index.digest, entries };
}

function addManifest(image: PlatformImage, add: (blob: Blob) => Descriptor): Descriptor {
  const layers = image.layers.map(({ mediaType, digest, bytes }) =>
    add({ descriptor: { mediaType, digest, size: bytes.length }, bytes }),
  );
  const config = add(
    jsonBlob("config", {
      architecture: image.architecture,
      os: "linux",
      created: EPOCH,
      config: image.config,
      rootfs: { type: "layers", diff_ids: image.layers.map((layer) => layer.diffId) },
      history: image.layers.map(() => ({ created: EPOCH, created_by: "hack/image" })),
    }),
  );
  return add(jsonBlob("manifest", { config, layers }));
}

function jsonBlob(kind: "config" | "manifest" | "index", body: object): Blob {
  const mediaType = `${MEDIA}${kind}.v1+json`;
  const document = kind === "config" ? body : { schemaVersion: 2, mediaType, ...body };
  const bytes = Buffer.from(JSON.stringify(document));
  return { descriptor: { mediaType, digest: sha256(bytes), size: bytes.length }, bytes };
}

function tagOf(reference: string): string {
  const tag = /:([A-Za-z0-9_][A-Za-z0-9_.-]*)$/.exec(reference)?.[1];
  if (tag === undefined) throw new Error(`the image reference ${JSON.stringify(reference)} has no tag`);
  return tag;
}
