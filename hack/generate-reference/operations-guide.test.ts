/** docs/guides/operations.md and SECURITY.md are written by hand: the words, files and sections that they name must be there. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { CONNECTION_REASONS } from "../../src/model/connection-reason.ts";
import { operatorPages } from "../../src/operator/pages.ts";
import { operatorFamilies, proxyFamilies } from "./metrics.ts";

const ROOT = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const decisions = readdirSync(join(ROOT, "docs/decisions"));
const guide = read("docs/guides/operations.md");

/** Text from a heading to the next of its rank or above. */
function section(heading: string): string {
  const start = guide.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, heading);
  const rest = guide.slice(start + heading.length + 2);
  const end = rest.search(/\n##? /);
  return end === -1 ? rest : rest.slice(0, end);
}

/** The words in backquotes of the first cells of a section's tables. */
function firstCells(text: string): readonly string[] {
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  return rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, word]) => word ?? ""));
}

/** As the forges make it of a heading. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

const anchorsOf = (text: string) => new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => slug(heading)));

test("links lead to files and sections that are there", () => {
  for (const path of ["docs/guides/operations.md", "docs/reference/events.md", "SECURITY.md"]) {
    for (const [, target = ""] of read(path).matchAll(/\]\(([^)]+)\)/g)) {
      const [file = "", anchor] = target.split("#");
      const full = file === "" ? join(ROOT, path) : join(ROOT, dirname(path), file);
      assert.ok(existsSync(full), `${target} in ${path}`);
      if (anchor !== undefined) assert.ok(anchorsOf(readFileSync(full, "utf8")).has(anchor), `${target} in ${path}`);
    }
  }
});

test("the files that SECURITY.md and the guide name are there", () => {
  for (const path of ["docs/guides/operations.md", "SECURITY.md"]) {
    const named = [...read(path).matchAll(/`((?:src|docs|test|hack|dashboards|charts)\/[^`* ]+)`/g)].map(
      ([, file = ""]) => file,
    );
    // A decision may be named by its number; the chart and what the build makes are not in every checkout.
    for (const file of named.filter((one) => !one.startsWith("charts/"))) {
      const isThere =
        existsSync(join(ROOT, file)) || decisions.some((name) => file === `docs/decisions/${name.slice(0, 3)}`);
      assert.ok(isThere, `${file} in ${path}`);
    }
  }
});

test("the metrics are the code's", async () => {
  const names = [...(await proxyFamilies()), ...(await operatorFamilies())].map(({ name }) => name);
  const named = [...guide.matchAll(/\bfsm_gateway_[a-z_]+\b/g)].map(([name]) => name);
  assert.ok(named.length >= 5);
  for (const name of named) assert.ok(names.includes(name.replace(/_(bucket|sum|count)$/, "")), name);
  for (const [short = ""] of guide.matchAll(/(?<=`)[a-z_]+_total\b/g)) {
    assert.ok(
      names.some((name) => name.endsWith(short)),
      short,
    );
  }
});

test("the alerts are those of the rules, all of them", () => {
  const { groups } = parse(read("dashboards/alerts.yaml")) as {
    readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
  };
  const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  assert.deepEqual(firstCells(section("## Monitoring")).toSorted(), alerts.toSorted());
});

test("the reasons of connections are the code's", () => {
  const named = firstCells(section("## Connections are refused or reset"));
  assert.ok(named.length >= 15);
  for (const reason of named) assert.ok(Object.hasOwn(CONNECTION_REASONS, reason), reason);
});

test("the pages are those of the operator's admin port", () => {
  const pages = operatorPages({
    leading: () => true,
    leader: () => "",
    informers: () => [],
    queue: () => ({ changes: 0, oldestMs: 0 }),
    subscribers: () => [],
  });
  const named = firstCells(section("## Looking into the operator")).filter((page) => !page.startsWith("/readyz"));
  assert.deepEqual(named, Object.keys(pages));
});

test("what the guide quotes from the log and from conditions is said by the code", () => {
  const quoted: Readonly<Record<string, string>> = {
    "no stream to the operator; what serves now serves on": "src/control/client/client.ts",
    "subscribed to the operator": "src/control/client/client.ts",
    "configuration refused": "src/proxy/gateway-proxy.ts",
    "cannot bind port": "src/proxy/listener/port-binder.ts",
    "pass failed": "src/loop/reconcile-loop.ts",
    "the cluster does not serve these kinds": "src/operator/main.ts",
    "refused connections left out of the log": "src/proxy/observe/refused-lines.ts",
    "No proxy has reported yet": "src/translate/status/serving.ts",
    "but the address does not lead to a ready proxy yet": "src/translate/status/serving.ts",
    "the API server cannot be reached": "src/operator/informer/problem.ts",
    "Pepr has no store after": "src/operator/pepr/start.ts",
    "(not required)": "src/admin/admin-server.ts",
    "the Secret with the operator's certificates": "src/operator/readiness.ts",
  };
  for (const [words, file] of Object.entries(quoted)) {
    assert.ok(guide.includes(words), words);
    assert.ok(read(file).includes(words), `${words} in ${file}`);
  }
});
