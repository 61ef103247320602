/**
 * A program with the very fault that memcheck is there to find: the kernel is given a length that is greater than its block. It must be
 * told, or memcheck sees nothing at all.
 */
import { loadLibc, type Memory } from "../../src/proxy/linux/libc.ts";

const loaded = loadLibc();
if ("problem" in loaded) throw new Error(loaded.problem);
const { libc } = loaded;
// As libc.ts makes them, but for the length that it goes by.
const { pointer } = libc.allocate(64) as unknown as { readonly pointer: bigint };
const broken = { pointer, bytes: new Uint8Array(128) } as unknown as Memory;
console.log(libc.write(libc.eventCounter(), broken, 72));
