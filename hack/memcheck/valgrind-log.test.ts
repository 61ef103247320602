import assert from "node:assert/strict";
import { test } from "node:test";
import { errorsOf } from "./valgrind-log.ts";

const HEAD = `==7== Memcheck, a memory error detector
==7== Command: node canary.ts
==7==
`;
const FAULT = `==7== Warning: set address range perms: large range [0x12e94000, 0x32e94000) (noaccess)
--7-- WARNING: unhandled amd64-linux syscall: 441
==7== Syscall param write(buf) points to unaddressable byte(s)
==7==    at 0x4C3B1D3: write (write.c:26)
==7==    by 0x1AE5D08: Builtins_Something (in node)
==7==  Address 0x8f31000 is not stack'd, malloc'd or (recently) free'd
==7==
`;
const summary = (errors: number) =>
  `==7== ERROR SUMMARY: ${errors} errors from ${errors} contexts (suppressed: 0 from 0)\n`;

test("an error is told with its stack, and nothing else is one", () => {
  const [only, ...others] = errorsOf(HEAD + FAULT + summary(1));
  assert.deepEqual(others, []);
  assert.match(String(only), /^Syscall param write\(buf\) points to unaddressable byte\(s\)\n +at 0x4C3B1D3/);
  assert.deepEqual(errorsOf(HEAD + summary(0)), []);
});

test("a log that broke off, or that tells of more than can be read, is no clean one", () => {
  assert.throws(() => errorsOf(HEAD), /no summary/);
  assert.throws(() => errorsOf(HEAD + summary(2)), /cannot be read/);
});
