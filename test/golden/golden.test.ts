/**
 * The translator's rules as pairs of files: `cases/<a sentence>.in.yaml` and `.out.yaml`. A case is found by its name alone;
 * an unknown kind or field in it fails. `npm run golden -- --update` writes the outputs anew: read the diff.
 */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { parseAllDocuments, stringify } from "yaml";
import type { DesiredCondition, Plan, StatusPlan } from "../../src/model/plan.ts";
import type { ObservedDeployment } from "../../src/model/snapshot.ts";
import { formatProblem, parseManifests } from "../../src/standalone/manifests/parse.ts";
import { snapshotOf } from "../../src/standalone/snapshot.ts";
import { translate } from "../../src/translate/translate.ts";

const update = process.argv.includes("--update");
const cases = globSync("cases/*.in.yaml", { cwd: import.meta.dirname });
assert.ok(cases.length > 0, "there are no golden cases");

for (const file of cases) {
  const input = `${import.meta.dirname}/${file}`;
  const output = input.replace(/\.in\.yaml$/, ".out.yaml");
  test(basename(file, ".in.yaml"), () => {
    const actual = render(translate(readCase(readFileSync(input, "utf8"))));
    if (update) writeFileSync(output, actual);
    assert.ok(existsSync(output), `${basename(output)} is missing: npm run golden -- --update`);
    assert.equal(actual, readFileSync(output, "utf8"));
  });
}

test("no output is left without its input", () => {
  for (const output of globSync("cases/*.out.yaml", { cwd: import.meta.dirname })) {
    assert.ok(existsSync(`${import.meta.dirname}/${output.replace(".out.", ".in.")}`), `${output} has no input`);
  }
});

/** Manifests, and at most one document `kind: Observed` with the running side by Gateway. */
function readCase(text: string) {
  const isObserved = (part: string) => /^kind: Observed$/m.test(part);
  const parts = text.split(/^---$/m);
  const manifests = parts.filter((part) => !isObserved(part)).join("---");
  const parsed = parseManifests([{ file: "in.yaml", text: manifests }], "default");
  assert.deepEqual(parsed.problems.map(formatProblem), []);
  const [observed] = parseAllDocuments(parts.filter(isObserved).join("---"));
  const { deployments = {} } = (observed?.toJS() ?? {}) as { deployments?: Record<string, ObservedDeployment> };
  const withVersions = new Map(Object.entries(deployments));
  const snapshot = snapshotOf(parsed.manifests, withVersions);
  // A report names the version of the listener it speaks of: "current" stands for the one that this snapshot gives.
  const plan = translate(snapshot);
  for (const [key, deployment] of withVersions) {
    const resources = plan.gateways.get(key)?.config.resources;
    const proxies = deployment.proxies.map((proxy) => ({
      ...proxy,
      listeners: proxy.listeners.map((listener) =>
        listener.version === "current"
          ? { ...listener, version: resources?.get(listener.key)?.version ?? "" }
          : listener,
      ),
    }));
    withVersions.set(key, { ...deployment, proxies });
  }
  return { ...snapshot, deployments: withVersions };
}

/** The plan as short as it can be read: one line a condition, no hashes. */
function render(plan: Plan): string {
  const proxies = Object.fromEntries(
    [...plan.gateways].map(([key, { ports, config }]) => [
      key,
      {
        ports: Object.fromEntries(ports.map(({ name, port }) => [name, port])),
        resources: [...config.resources.values()].map(({ resource }) => resource),
      },
    ]),
  );
  const statuses = Object.fromEntries(plan.statuses.filter(isInteresting).map((s) => [statusName(s), statusBody(s)]));
  return stringify({ proxies, statuses }, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** The accepted class `fsm` is in every case and says the same. */
function isInteresting(status: StatusPlan): boolean {
  return status.kind !== "GatewayClass" || status.conditions.some(({ status: s }) => s !== "True");
}

function statusName({ kind, namespace, name }: StatusPlan): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function statusBody(status: StatusPlan): unknown {
  switch (status.kind) {
    case "GatewayClass":
      return conditions(status.conditions);
    case "Gateway": {
      const listeners = status.listeners.map((l) => [
        `listener ${l.name}`,
        {
          kinds: l.supportedKinds.map(({ kind }) => kind).join(" "),
          attachedRoutes: l.attachedRoutes,
          ...conditions(l.conditions),
        },
      ]);
      const addresses = status.addresses.map(({ value }) => value).join(" ");
      return { ...conditions(status.conditions), addresses, ...Object.fromEntries(listeners) };
    }
    case "TLSRoute":
      return status.parents.map(({ parentRef, conditions: c }) => ({ parentRef, ...conditions(c) }));
  }
}

function conditions(list: readonly DesiredCondition[]): Record<string, string> {
  return Object.fromEntries(list.map(({ type, status, reason, message }) => [type, `${status} ${reason}: ${message}`]));
}
