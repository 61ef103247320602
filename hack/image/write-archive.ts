/**
 * Writes a tar archive to the disk, whole or not at all. Owns the temporary name. Never knows what is in it.
 */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { type TarEntry, tarChunks } from "./tar.ts";

/** Writes the archive beside its place and then moves it there, so that no reader ever sees half of it. */
export async function writeArchive(output: string, entries: Iterable<TarEntry>): Promise<void> {
  mkdirSync(dirname(output), { recursive: true });
  const partial = `${output}.${process.pid}.partial`;
  const handle = await open(partial, "w");
  try {
    for (const chunk of tarChunks(entries)) await handle.writeFile(chunk);
    await handle.close();
    renameSync(partial, output);
  } catch (error) {
    await handle.close();
    rmSync(partial, { force: true });
    throw error;
  }
}
