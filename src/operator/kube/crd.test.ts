import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import { isCrdServed } from "./crd.ts";

/** A client that answers each request with this value, or rejects with it if it is an error. */
function answering(answer: unknown): Pick<KubeClient, "request"> {
  return {
    request: async <T>() => {
      if (answer instanceof Error) throw answer;
      return answer as T;
    },
  };
}

const crd = (served: boolean, established: string) => ({
  metadata: { name: "widgets.test.example" },
  spec: { versions: [{ served: false }, { served }] },
  status: { conditions: [{ type: "Established", status: established }] },
});

test("a kind must be served if its CRD is established and has a served version", async () => {
  const ask = (answer: unknown) => isCrdServed(answering(answer), "widgets.test.example");
  assert.equal(await ask(crd(true, "True")), true);
  assert.equal(await ask(crd(false, "True")), false);
  assert.equal(await ask(crd(true, "False")), false);
  assert.equal(await ask(new ApiError({ type: "NotFound" }, "")), false);
  assert.equal(await ask(new ApiError({ type: "Forbidden" }, "")), false);
  await assert.rejects(ask(new ApiError({ type: "Unreachable" }, "")), ApiError);
});
