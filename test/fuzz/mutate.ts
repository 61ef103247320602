/** Makes new inputs of old ones: small accidents, lies about lengths, words of the format, parts of another input. */
import type { Random } from "./random.ts";
import type { FuzzTarget } from "./target.ts";

/** Longer inputs find nothing more and take longer. The limit on a hello is below it. */
const MAX_INPUT_BYTES = 20_000;

const INTERESTING_BYTES = [0, 1, 2, 3, 16, 22, 31, 32, 33, 0x2e, 0x7f, 0x80, 0xfe, 0xff];

type Mutation = (input: Uint8Array, random: Random, other: Uint8Array, target: FuzzTarget) => Uint8Array;

const changed = (input: Uint8Array, change: (copy: Buffer) => void): Buffer => {
  const copy = Buffer.from(input);
  if (copy.length > 0) change(copy);
  return copy;
};

/** `input` with the bytes from `start` to `end` replaced. */
function replaced(input: Uint8Array, start: number, end: number, by: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, start), by, input.subarray(end)]);
}

const flipBit: Mutation = (input, random) =>
  changed(input, (copy) => {
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  });

const setByte: Mutation = (input, random) =>
  changed(input, (copy) => {
    copy[random.below(copy.length)] = random.once(2) ? random.below(256) : random.pick(INTERESTING_BYTES);
  });

/** A little more or less, in one byte or, as lengths are, in two. */
const nudge: Mutation = (input, random) =>
  changed(input, (copy) => {
    const at = random.below(copy.length);
    const by = random.below(9) - 4;
    if (random.once(2) || at + 1 >= copy.length) copy[at] = ((copy[at] ?? 0) + by) & 0xff;
    else copy.writeUInt16BE((copy.readUInt16BE(at) + by) & 0xffff, at);
  });

/** Two bytes that say how much there is behind them, or nearly. */
const fitLength: Mutation = (input, random) =>
  changed(input, (copy) => {
    if (copy.length < 2) return;
    const at = random.below(copy.length - 1);
    copy.writeUInt16BE((copy.length - at - 2 + random.below(3) - 1) & 0xffff, at);
  });

const remove: Mutation = (input, random) => {
  const start = random.below(input.length + 1);
  return replaced(input, start, start + random.below(Math.min(64, input.length - start) + 1), new Uint8Array(0));
};

const repeat: Mutation = (input, random) => {
  const start = random.below(input.length + 1);
  const end = start + random.below(Math.min(64, input.length - start) + 1);
  return replaced(input, end, end, input.subarray(start, end));
};

const insertWord: Mutation = (input, random, _other, { dictionary }) => {
  const at = random.below(input.length + 1);
  return replaced(input, at, at, random.pick(dictionary));
};

const writeWord: Mutation = (input, random, _other, { dictionary }) => {
  const word = random.pick(dictionary);
  const at = random.below(input.length + 1);
  return replaced(input, at, Math.min(input.length, at + word.length), word);
};

const splice: Mutation = (input, random, other) =>
  Buffer.concat([
    input.subarray(0, random.below(input.length + 1)),
    other.subarray(other.length - random.below(other.length + 1)),
  ]);

const truncate: Mutation = (input, random) => input.subarray(0, random.below(input.length + 1));

const append: Mutation = (input, random) =>
  Buffer.concat([input, Buffer.from(Array.from({ length: 1 + random.below(16) }, () => random.below(256)))]);

const restructure: Mutation = (input, random, _other, target) => target.restructure?.(input, random) ?? input;

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  setByte,
  nudge,
  fitLength,
  remove,
  repeat,
  insertWord,
  writeWord,
  splice,
  truncate,
  append,
  // As often as all that break the format together would drown it.
  restructure,
  restructure,
  restructure,
  restructure,
];

/** One to four changes on top of one another. */
export function mutate(input: Uint8Array, other: Uint8Array, target: FuzzTarget, random: Random): Uint8Array {
  let result = input;
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    result = random.pick(MUTATIONS)(result, random, other, target);
  }
  return result.length > MAX_INPUT_BYTES ? result.subarray(0, MAX_INPUT_BYTES) : result;
}
