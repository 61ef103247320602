import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { generateControl } from "../../hack/generate-control/generate.ts";

test("the committed code is what the contract generates", async (t) => {
  const out = await mkdtemp(join(tmpdir(), "control-contract-"));
  t.after(() => rm(out, { recursive: true }));
  await generateControl(out);
  const committed = await readFile(new URL("generated/control_pb.ts", import.meta.url), "utf8");
  assert.equal(committed, await readFile(join(out, "control_pb.ts"), "utf8"));
});
