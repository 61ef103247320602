/**
 * Compresses a layer once: the result is kept in the cache under the digest of what went in.
 * Owns nothing but that file. The base layer of a platform takes seconds to compress and seldom changes.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constants, gzipSync } from "node:zlib";
import { cacheFolder } from "./environment.ts";

/** What zlib makes may change with node's version, and the archive must not depend on what lies in the cache. */
const COMPRESSOR = `zlib-${process.versions.zlib}`;

/** `diffId` is the digest of `tar`. The header that gzipSync writes has no time and no file name. */
export function cachedGzip(tar: Uint8Array, diffId: string): Uint8Array {
  const folder = join(cacheFolder(), "image");
  const path = join(folder, `${diffId.replace("sha256:", "layer-")}-${COMPRESSOR}.gz`);
  try {
    return readFileSync(path);
  } catch {
    const bytes = gzipSync(tar, { level: constants.Z_DEFAULT_COMPRESSION });
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, bytes);
    renameSync(`${path}.${process.pid}`, path);
    return bytes;
  }
}
