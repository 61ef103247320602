/**
 * What reading a ClientHello costs: `node --expose-gc test/bench/hello.ts`. Prints, for some hellos of the corpus, medians of
 * many rounds: nanoseconds of processor time and bytes of heap for each hello. `in two` is a hello whose second half comes
 * later.
 */
import { ClientHelloParser, readHello } from "../../src/proxy/tls/hello-parser.ts";
import { ja4Of } from "../../src/proxy/tls/ja4.ts";
import { corpusBytes, REAL_FOLDER } from "../wire/corpus.ts";

const ROUNDS = 41;
const TIMED_CALLS = 20_000;

/** So few that the young generation is not collected meanwhile, which would hide what was allocated. */
const WEIGHED_CALLS = 1_000;

function median(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? Number.NaN;
}

function nanoseconds(task: () => unknown): number {
  const before = process.cpuUsage();
  for (let call = 0; call < TIMED_CALLS; call++) task();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1_000) / TIMED_CALLS;
}

function heapBytes(task: () => unknown): number {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let call = 0; call < WEIGHED_CALLS; call++) task();
  return (process.memoryUsage().heapUsed - before) / WEIGHED_CALLS;
}

if (globalThis.gc === undefined) throw new Error("heap is weighed with --expose-gc only");
for (const file of ["openssl-default.hex", "go-default.hex", "chromium-default.hex"]) {
  const hello = corpusBytes(REAL_FOLDER, file);
  const answer = readHello(hello, hello.length);
  if (answer.state !== "hello") throw new Error(`${file} is no hello`);
  const half = hello.length >> 1;
  const tasks: Record<string, () => unknown> = {
    readHello: () => readHello(hello, hello.length),
    ClientHelloParser: () => new ClientHelloParser().read(hello, hello.length),
    "ClientHelloParser, in two": () => {
      const parser = new ClientHelloParser();
      parser.read(hello, half);
      return parser.read(hello, hello.length);
    },
    ja4Of: () => ja4Of(answer.hello),
  };
  for (const [what, task] of Object.entries(tasks)) {
    const times = Array.from({ length: ROUNDS }, () => nanoseconds(task));
    const heap = median(Array.from({ length: ROUNDS }, () => heapBytes(task)));
    const least = Math.min(...times).toFixed(0);
    console.log(
      `${file}, ${hello.length} bytes, ${what}: ${median(times).toFixed(0)} ns (least ${least}), ${heap.toFixed(0)} bytes`,
    );
  }
}
