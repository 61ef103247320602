/**
 * What reading a ClientHello costs: `node --expose-gc test/bench/hello.ts`. Prints, for some hellos of the corpus, medians of
 * many rounds in nanoseconds of one core, and bytes of heap allocated for each hello; `whole` is one chunk, `in two` a hello
 * whose second half comes later.
 */

import { ClientHelloParser, readHello } from "../../src/proxy/tls/hello-parser.ts";
import { ja4Of } from "../../src/proxy/tls/ja4.ts";
import { alpn, extension, helloFor, helloMessage, record, serverName } from "../wire/hello-bytes.ts";

const HELLOS_A_ROUND = 20_000;
const ROUNDS = 41;

const postQuantum = record(
  helloMessage({
    extensions: [extension(51, Buffer.alloc(1_250)), serverName("a.example.com"), alpn("h2", "http/1.1")],
  }),
);

const subjects: Record<string, Buffer> = { small: helloFor("a.example.com"), "with a large key share": postQuantum };

/** Nanoseconds and heap bytes for each call. */
function measure(task: () => unknown): { ns: number; heapBytes: number } {
  const times: number[] = [];
  const heaps: number[] = [];
  let kept: unknown;
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc?.();
    const heapBefore = process.memoryUsage().heapUsed;
    const startedAtMs = performance.now();
    for (let index = 0; index < HELLOS_A_ROUND; index++) kept = task();
    times.push(((performance.now() - startedAtMs) * 1e6) / HELLOS_A_ROUND);
    heaps.push((process.memoryUsage().heapUsed - heapBefore) / HELLOS_A_ROUND);
  }
  if (kept === undefined) throw new Error("nothing was read");
  return { ns: median(times), heapBytes: median(heaps) };
}

function median(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[samples.length >> 1] ?? Number.NaN;
}

for (const [name, hello] of Object.entries(subjects)) {
  const answer = readHello(hello, hello.length);
  if (answer.state !== "hello") throw new Error(`${name} is no hello`);
  const tasks: Record<string, () => unknown> = {
    "readHello, whole": () => readHello(hello, hello.length),
    "ClientHelloParser, whole": () => new ClientHelloParser().push(hello),
    "ClientHelloParser, in two": () => {
      const parser = new ClientHelloParser();
      parser.push(hello.subarray(0, hello.length >> 1));
      return parser.push(hello.subarray(hello.length >> 1));
    },
    ja4Of: () => ja4Of(answer.hello),
  };
  for (const [what, task] of Object.entries(tasks)) {
    const { ns, heapBytes } = measure(task);
    console.log(`${name} (${hello.length} bytes), ${what}: ${ns.toFixed(0)} ns, ${heapBytes.toFixed(0)} bytes of heap`);
  }
}
