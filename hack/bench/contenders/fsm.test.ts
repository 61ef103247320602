import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ProxyConfig } from "../../../src/model/proxy-config.ts";
import { loadManifests } from "../../../src/standalone/manifests/load.ts";
import { snapshotOf } from "../../../src/standalone/snapshot.ts";
import { Translator } from "../../../src/translate/translator.ts";
import { routeOf, routesOfWorld } from "../world.ts";
import type { Site } from "./contender.ts";
import { standaloneContender } from "./fsm.ts";
import { streamConfig, withEveryRouteChanged, withRoute } from "./stream-config.ts";

const LISTEN = { host: "127.0.0.1", port: 17_001 };

test("the file for `run` has no problem, and every route of it leads to an address", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fsm-bench-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const site: Site = { folder, listen: LISTEN, routes: routesOfWorld(40) };
  const variant = { program: "", name: "fsm-portable", engine: "portable", version: "", flags: [] } as const;
  const { args } = await standaloneContender(variant).configure(site);
  const { manifests, problems } = loadManifests([args[1] ?? ""], "default");
  assert.deepEqual(problems, []);
  const plan = new Translator().translate(snapshotOf(manifests, new Map()));
  const resources = [...(plan.gateways.get("default/bench")?.config.resources.values() ?? [])];
  const kinds = Map.groupBy(resources, ({ resource }) => resource.kind);
  assert.equal(kinds.get("route")?.length, 44);
  const endpoints = resources.flatMap(({ resource }) => (resource.kind === "endpoints" ? resource.endpoints : []));
  assert.equal(endpoints.length, 20, "sixteen answering backends and four others");
});

test("a route more on the stream is what a configuration with that route would be", () => {
  const site: Site = { folder: "", listen: LISTEN, routes: routesOfWorld(16) };
  const grown = withRoute(streamConfig(site), routeOf(16));
  const whole = streamConfig({ ...site, routes: routesOfWorld(17) });
  assert.equal(grown.revision, whole.revision);
  assert.deepEqual(grown.resources, whole.resources);
});

test("a reload changes every route, in the file as on the stream, and adds one", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fsm-bench-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const site: Site = { folder, listen: LISTEN, routes: routesOfWorld(40) };
  const variant = { program: "", name: "fsm-portable", engine: "portable", version: "", flags: [] } as const;
  const contender = standaloneContender(variant);
  const { args } = await contender.configure(site);
  const routes = () => {
    const { manifests } = loadManifests([args[1] ?? ""], "default");
    const plan = new Translator().translate(snapshotOf(manifests, new Map()));
    return routesOf(plan.gateways.get("default/bench")?.config);
  };
  const first = routes();
  contender.change.reload?.prepare?.(site, routeOf(40));
  await contender.change.reload?.apply(site, routeOf(40), 0);
  for (const [before, after] of [
    [first, routes()],
    [routesOf(streamConfig(site)), routesOf(withEveryRouteChanged(streamConfig(site), routeOf(40)))],
  ] as const) {
    assert.deepEqual([before.size, after.size], [44, 45]);
    for (const [key, version] of before) assert.notEqual(after.get(key), version);
  }
});

function routesOf(config: ProxyConfig | undefined): ReadonlyMap<string, string> {
  const entries = [...(config?.resources ?? [])].filter(([, { resource }]) => resource.kind === "route");
  return new Map(entries.map(([key, { version }]) => [key, version]));
}
