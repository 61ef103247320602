/** The tests of the linux engine that make system calls, for whatever runs them by other means. They can share one process. */

export const LINUX_ENGINE_SUITE = [
  "libc.test.ts",
  "mover.test.ts",
  "linux-engine.test.ts",
  "external-hosts.test.ts",
  "hand-over.test.ts",
].map((file) => `src/proxy/linux/${file}`);
