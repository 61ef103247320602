/** Two defects for the fuzzer's own test, each behind four bytes that no chance would put together. */
export function planted(input: Uint8Array): void {
  if (input[0] === 0x46) {
    if (input[1] === 0x55) {
      if (input[2] === 0x5a) {
        if (input[3] === 0x5a) throw new Error("the planted defect");
      }
    }
  }
}

export function plantedLoop(input: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < input.length; ) {
    const length = input[at] ?? 0;
    sum += length;
    // Forgets its own byte, as parsers of length-prefixed lists have done.
    at += sum > 40 ? length : length + 1;
  }
  return sum;
}
