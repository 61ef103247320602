import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestHeadParser } from "./request-head.ts";

const parse = (text: string, step = text.length) => {
  const parser = new RequestHeadParser();
  const bytes = Buffer.from(text, "latin1");
  for (let length = Math.min(step, bytes.length); ; length = Math.min(length + step, bytes.length)) {
    const progress = parser.read(bytes, length);
    if (progress.state !== "need_more" || length === bytes.length) return progress;
  }
};

const cases: readonly [string, ReturnType<typeof parse>][] = [
  ["GET / HTTP/1.1\r\nHost: A.example:80\r\n\r\n", { state: "request", isHead: false, host: "a.example" }],
  ["HEAD /x HTTP/1.0\nhost:\tb.example \n\n", { state: "request", isHead: true, host: "b.example" }],
  ["GET / HTTP/1.1\r\nx-host: a\r\nHost: [::1]\r\n\r\n", { state: "request", isHead: false }],
  ["GET / HTTP/1.1\r\n\r\nrest", { state: "request", isHead: false }],
  ["GET / HTTP/1.1\r\nHost: a", { state: "need_more" }],
];
for (const [text, expected] of cases) {
  test(`a head in any portions: ${JSON.stringify(text)}`, () => {
    for (const step of [1, 2, 7, text.length]) assert.deepEqual(parse(text, step), expected);
  });
}

for (const text of [
  "\r\n\r\n",
  "get / HTTP/1.1\r\n\r\n",
  "GET /\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\n",
  "GET / HTTP/1.1 x\r\n\r\n",
]) {
  test(`no request: ${JSON.stringify(text)}`, () => {
    for (const step of [1, text.length]) assert.equal(parse(text, step).state, "refused");
  });
}
