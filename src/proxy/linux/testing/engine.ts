/** The linux engine as its tests start it: without the rest of a proxy, so that what it says to its host can be seen. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { deltaBetween, listener, route, service } from "../../../../test/wire/config.ts";
import { memoryLog } from "../../../../test/wire/gateway.ts";
import { helloFor } from "../../../../test/wire/hello-bytes.ts";
import { connectTo, freePorts, LOOPBACK, readAll, readSome } from "../../../../test/wire/sockets.ts";
import type { Endpoint, Resource } from "../../../model/proxy-config.ts";
import { Admission } from "../../admit/admission.ts";
import { createProcessConnections } from "../../admit/connection-shares.ts";
import { defaultLimits } from "../../admit/limits.ts";
import { testSources } from "../../admit/testing/sources.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { ExitHook } from "../../exit-hook.ts";
import type { Tally } from "../../observe/tally.ts";
import type { ConnectionRecord, EngineHost } from "../../relay/engine.ts";
import { DEFAULT_TIME_OUTS, type TimeOuts } from "../../relay/time-outs.ts";
import { applyDelta } from "../../route/apply-delta.ts";
import { NO_LOCAL_ADDRESSES } from "../../route/own-addresses.ts";
import { EMPTY_TABLE } from "../../route/route-table.ts";
import { LinuxEngine, linuxEngineMeans } from "../linux-engine.ts";

const means = linuxEngineMeans();
/** Why the engine cannot run here, or false: the `skip` of its tests. */
export const skip = "problem" in means ? means.problem : false;
/** Of `a.example`. */
export const hello = helloFor("a.example");

export interface EngineOptions {
  readonly workers?: number;
  readonly timeOuts?: Partial<TimeOuts>;
  readonly overrides?: ReadonlyMap<string, Endpoint>;
  readonly wantsRecords?: boolean;
  readonly clock?: Clock;
  readonly exitHook?: ExitHook;
  /** In place of the C library's. */
  readonly trimHeap?: () => void;
  readonly lookup?: (host: string) => Promise<readonly string[]>;
  /** For connections that are handed over. */
  readonly plan?: EngineHost["plan"];
}

/** An engine without the rest of a proxy, with one port for these resources, whose listener is called `l`. */
export async function startEngine(t: TestContext, resources: readonly Resource[], options: EngineOptions = {}) {
  assert.ok(!("problem" in means));
  const workers = options.workers ?? 1;
  const limits = defaultLimits(1_000);
  const sources = testSources(undefined, workers + 1);
  const processConnections = createProcessConnections(1_000);
  const { log, lines } = memoryLog();
  const records: ConnectionRecord[] = [];
  const tallies: Tally[] = [];
  const counts = { opened: 0 };
  const engine = new LinuxEngine(
    {
      host: {
        portKind: () => "TLS",
        admit: () =>
          options.plan === undefined
            ? assert.fail("the workers admit by themselves")
            : new Admission(limits, 0, { sources, part: 0 }).accept(0),
        headerExpectation: () => "none",
        timeOuts: () => ({ ...DEFAULT_TIME_OUTS, ...options.timeOuts }),
        keepAliveMs: () => undefined,
        isOwnEndpoint: () => false,
        plan: options.plan ?? (async () => assert.fail("the workers plan by themselves")),
        opened: (count = 1) => {
          counts.opened += count;
        },
        ended: (record) => void records.push(record),
        wantsRecords: options.wantsRecords ?? true,
        wantsFailures: options.wantsRecords ?? true,
        refusedLines: undefined,
        tallied: (tally) => void tallies.push(tally),
        moved: () => {},
      },
      timeOuts: { ...DEFAULT_TIME_OUTS, ...options.timeOuts },
      processConnections,
      share: { maxConnections: 1_000, gateways: 1 },
      clock: options.clock ?? systemClock,
      exitHook: options.exitHook ?? new ExitHook(),
      log,
      overrides: options.overrides ?? new Map(),
      localAddresses: () => NO_LOCAL_ADDRESSES,
      lookup: options.lookup ?? (async () => assert.fail("DNS was asked")),
      workers,
      sources,
      start: 0,
    },
    options.trimHeap === undefined ? means : { ...means, libc: { ...means.libc, trimHeap: options.trimHeap } },
  );
  t.after(() => engine.close());
  const [port = 0] = await freePorts(1);
  const delta = deltaBetween([], [listener("l", port), ...resources]);
  const applied = applyDelta(EMPTY_TABLE, delta);
  assert.ok("ok" in applied);
  await engine.apply(delta, applied.ok);
  const result = await engine.listen({ address: LOOPBACK, port });
  assert.ok("bound" in result);
  return { engine, table: applied.ok, port, records, tallies, counts, lines, processConnections };
}

/** Whatever is asked for goes to these endpoints. */
export const toOne = (...endpoints: string[]): Resource[] => [
  route("r", "l", ["*"], { s: 1 }),
  ...service("s", ...endpoints),
];

/** One connection from its beginning to its end. */
export async function echoThrough(port: number): Promise<void> {
  const client = await connectTo(port);
  client.write(hello);
  assert.deepEqual(await readSome(client, hello.length), hello);
  client.end();
  assert.equal((await readAll(client)).length, 0);
}
