import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAllDocuments, stringify } from "yaml";
import { documentsOf } from "./documents.ts";
import { readPlainYaml } from "./plain-yaml.ts";

const ROUTE = `---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata:
  name: web
  generation: 3
# as kubectl would have it
spec:
  parentRefs:
  - name: edge
    sectionName: "*.example.com"

  hostnames:
    - shop.example.com
    - '*.shop.example.com'
  rules:
  - backendRefs:
    - name: web
      port: 443
      weight: 0
    - name: fd00::1
  - backendRefs:
status:
`;

/** What the library says, if it says one thing. */
function byLibrary(text: string): { readonly value: unknown } | undefined {
  const [document, ...more] = parseAllDocuments(text);
  // Nothing but comments is no document.
  if (document === undefined) return { value: null };
  if (more.length > 0 || document.errors.length > 0) return undefined;
  return { value: document.toJS() };
}

function assertAgrees(text: string): boolean {
  const found = readPlainYaml(text);
  if (found === undefined) return false;
  assert.deepEqual(found, byLibrary(text) ?? "not what the library takes", JSON.stringify(text));
  return true;
}

test("a manifest as people write it is read", () => {
  assert.ok(assertAgrees(ROUTE));
  assert.deepEqual(readPlainYaml("a: {}\n"), undefined);
});

test("a document as the library writes it is read as the library reads it", () => {
  const word = fc.stringMatching(/^[A-Za-z0-9._/*:' -]{0,12}$/);
  const scalar = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null), fc.double({ noNaN: true }));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      scalar,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(word, tie("value"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), value, { minKeys: 1, maxKeys: 4 }), (object) => {
      assertAgrees(stringify(object));
    }),
    { numRuns: 2_000 },
  );
});

test("any lines, put together at will: it agrees with the library, or leaves them to it", () => {
  const part = fc.constantFrom(
    ...[
      "a:",
      "b:",
      "a.b/c:",
      "true:",
      "null:",
      "- ",
      "-",
      "- - ",
      " ",
      "  ",
      "x",
      "x y",
      "12",
      "1.5",
      "0x1f",
      "007",
      ".5",
      "1e3",
    ],
    ...[
      "~",
      "true",
      "Null",
      "yes",
      "1.2.3.4",
      "::1",
      "a:b",
      "a: b",
      '"q"',
      '"q\\n"',
      "'q'",
      "'it''s'",
      '""',
      "# c",
      " # c",
      "#",
    ],
    ...[
      "{}",
      "[]",
      "[a]",
      "|",
      ">-",
      "&a",
      "*a",
      "!t",
      "? a",
      "<<:",
      "%",
      "@",
      "`",
      "\t",
      ",",
      "---",
      "...",
      '"',
      "'",
      "é",
    ],
  );
  const line = fc.tuple(fc.nat({ max: 5 }), fc.array(part, { maxLength: 3 })).map(([indent, parts]) => {
    return " ".repeat(indent) + parts.join(" ");
  });
  let agreed = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 7 }), fc.boolean(), (lines, ends) => {
      if (assertAgrees(lines.join("\n") + (ends ? "\n" : ""))) agreed++;
    }),
    { numRuns: 5_000 },
  );
  assert.ok(agreed > 50, `${agreed} were read`);
});

test("a manifest with any small damage: it agrees with the library, or leaves it to it", () => {
  const change = fc.tuple(
    fc.nat({ max: ROUTE.length }),
    fc.nat({ max: 3 }),
    fc.stringMatching(/^[ \n:#"'{}[\]\t|>&*!%@,?a0.~-]{0,3}$/),
  );
  let agreed = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      let text = ROUTE;
      for (const [at, length, put] of changes) text = text.slice(0, at) + put + text.slice(at + length);
      for (const { text: one } of documentsOf(text)) if (assertAgrees(one)) agreed++;
    }),
    { numRuns: 5_000 },
  );
  assert.ok(agreed > 500, `${agreed} were read`);
});

test("a stream taken apart says what it says as a whole, with its lines", () => {
  const line = fc.constantFrom(
    "---",
    "--- ",
    "--- a: 1",
    "---a",
    "a: 1",
    "- b",
    "# c",
    "",
    "  x: |",
    "    ---",
    "'",
    "...",
    "%YAML 1.2",
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const text = lines.join("\n");
      const parts = [...documentsOf(text)];
      assert.equal(parts.map((part) => part.text).join(""), text);
      for (const part of parts)
        assert.equal(text.split("\n")[part.line - 1]?.slice(0, 3), part.text.split("\n")[0]?.slice(0, 3));
      const whole = parseAllDocuments(text);
      if (!Array.isArray(whole) || whole.some(({ errors }) => errors.length > 0)) return;
      const said = (all: readonly { toJS(): unknown }[]) => all.map((one) => one.toJS()).filter((one) => one !== null);
      assert.deepEqual(
        parts.flatMap((part) => said([...parseAllDocuments(part.text)])),
        said(whole),
        text,
      );
    }),
    { numRuns: 2_000 },
  );
});
