/**
 * A program with the very fault that memcheck is there to find: a length that is greater than its block, against a page that nothing
 * may touch. It must be told, or memcheck sees nothing at all.
 */
import { dlopen } from "node:ffi";

const PAGE = 4_096n;
const { functions: libc } = dlopen("libc.so.6", {
  mmap: { arguments: ["pointer", "u64", "i32", "i32", "i32", "i64"], return: "pointer" },
  mprotect: { arguments: ["pointer", "u64", "i32"], return: "i32" },
  eventfd: { arguments: ["u32", "i32"], return: "i32" },
  write: { arguments: ["i32", "pointer", "i32"], return: "i32" },
});
const block = libc.mmap(null, 2n * PAGE, 0, 0x22, -1, 0n);
libc.mprotect(block, PAGE, 3);
console.log(libc.write(libc.eventfd(0, 0), block + PAGE - 8n, 16));
