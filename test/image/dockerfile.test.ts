/** The Dockerfile cannot be run without an engine; this compares what it says with the build that is run. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { DEFINITIONS_FILE } from "../../src/check/definitions-file.ts";

const checkout = resolve(import.meta.dirname, "../..");
const dockerfile = readFileSync(join(checkout, "Dockerfile"), "utf8");
const build = readFileSync(join(checkout, "hack/image/build.ts"), "utf8");

test("every source that it copies exists, and .dockerignore lets it in", () => {
  const allowed = readFileSync(join(checkout, ".dockerignore"), "utf8").split("\n");
  const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, list]) => list!.split(" "));
  assert(sources.length >= 5, sources.join());
  for (const source of sources) {
    assert(existsSync(join(checkout, source)), source);
    const admitted = allowed.some((line) => line === `!${source}` || line.startsWith(`!${source}/`));
    assert(admitted, `${source} is not in .dockerignore`);
  }
});

test("entry point, user, folder and node are those of the archive", () => {
  assert.match(
    dockerfile,
    /^ENTRYPOINT \["\/usr\/bin\/node", "--max-semi-space-size=4", "--no-parallel-scavenge", "--disable-warning=DEP0040", "\/app\/fsm-gateway\.js"\]$/m,
  );
  assert.match(dockerfile, /^USER 65532:65532$/m);
  assert.match(dockerfile, /^WORKDIR \/app$/m);
  const environment = /Env: \[(.*)\]/.exec(build)?.[1]?.replaceAll(/[",]/g, "");
  assert(environment, "build.ts sets an environment");
  assert(dockerfile.includes(`ENV ${environment}\n`), environment);
  // node comes from the lockfile by hack/setup alone; no base image brings another.
  assert.match(dockerfile, /^RUN sh hack\/setup$/m);
  assert.match(dockerfile, /cp -L node_modules\/\.bin\/node \/rootfs\/usr\/bin\/node/);
  assert.doesNotMatch(dockerfile, /^FROM .*node/m);
});

test("the definitions that check judges by are built into the bundle, as in the archive", () => {
  const command = `node_modules/.bin/node hack/gateway-api/build-definitions.ts dist/bundle/${DEFINITIONS_FILE}`;
  assert(dockerfile.includes(command), command);
  assert.match(build, /writeDefinitions\(/);
});
