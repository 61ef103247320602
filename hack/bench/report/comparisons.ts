/** What we want to know of our own engines: each promise as a ratio, ours to theirs. Pure; judges nothing. */
import { BEFORE, type ContenderName } from "../contenders/contender.ts";
import { ratio } from "../measure/statistics.ts";
import type { Row } from "../results.ts";
import { number, type Table } from "./table.ts";

/** Large tables come to a proxy by the stream; a file of 100,000 routes is nobody's way to run a gateway. */
const ENGINES: readonly { readonly fewRoutes: ContenderName; readonly manyRoutes: ContenderName }[] = [
  { fewRoutes: "fsm-portable", manyRoutes: "fsm-portable-stream" },
  { fewRoutes: "fsm-linux", manyRoutes: "fsm-linux-stream" },
];
/** As a user gets them, without a word about pipes or buffers. */
const DEFAULT_PEERS: readonly ContenderName[] = ["haproxy", "nginx", "sniproxy", "envoy"];

interface Question {
  readonly what: string;
  readonly metric: string;
  readonly better: "less" | "more";
  /** Of several, the best. */
  readonly peers: readonly ContenderName[];
  /** Where theirs is another metric than ours; with "self", one of our own. */
  readonly theirMetric?: string;
}

const BULK = ["down-1", "down-8", "down-64", "up-1", "up-8", "up-64"];

const QUESTIONS: readonly Question[] = [
  less("CPU of a connection, against HAProxy", "connections.cpu", ["haproxy"]),
  less("CPU of a connection, against nginx", "connections.cpu", ["nginx"]),
  { what: "connections a second, against HAProxy", metric: "connections.rate", better: "more", peers: ["haproxy"] },
  less("CPU of a handshake, against HAProxy", "handshakes.cpu", ["haproxy"]),
  ...BULK.flatMap((scenario) => [
    less(`CPU of a byte, ${scenario}, against the best default`, `${scenario}.cpu`, DEFAULT_PEERS),
    less(`CPU of a byte, ${scenario}, against HAProxy tuned`, `${scenario}.cpu`, ["haproxy-tuned"]),
  ]),
  less("CPU of a round trip, against the best default", "round-trips.cpu", DEFAULT_PEERS),
  less("p99 of a round trip, against HAProxy", "round-trips.p99", ["haproxy"]),
  less("p99 of a connection beside 4 bulk streams, against HAProxy", "fairness.p99", ["haproxy"]),
  {
    what: "rate of 4 bulk streams beside new connections, against HAProxy",
    metric: "fairness.rate",
    better: "more",
    peers: ["haproxy"],
  },
  less("memory of an idle connection, against HAProxy", "idle.memory", ["haproxy"]),
  less("a connection among 100,000 routes, against the same with 1", "routes-100000.cpu", [], "routes-1.cpu"),
  less(
    "a connection to a known name among 100,000 routes, against 1 route",
    "routes-100000-known.cpu",
    [],
    "routes-1.cpu",
  ),
  less("a route more among 100,000, against HAProxy", "change-100000.add", ["haproxy"]),
  less("longest stall as 100,000 routes are read anew, against HAProxy", "change-100000.reload-stall", ["haproxy"]),
  less("failed meanwhile, against HAProxy", "change-100000.failed", ["haproxy"]),
  less("dropped meanwhile, against HAProxy", "change-100000.dropped", ["haproxy"]),
];

function less(what: string, metric: string, peers: readonly ContenderName[], theirMetric?: string): Question {
  return { what, metric, better: "less", peers, ...(theirMetric !== undefined && { theirMetric }) };
}

export interface Comparison {
  readonly what: string;
  readonly better: "less" | "more";
  readonly engine: ContenderName;
  readonly unit: string;
  readonly ours: number;
  /** Undefined where none of the peers was measured. */
  readonly theirs: { readonly contender: ContenderName; readonly value: number } | undefined;
  readonly ratio: number | undefined;
}

/** Questions that cannot be answered from these rows are left out. Rows of work that failed answer none. */
export function compare(rows: readonly Row[]): readonly Comparison[] {
  const sound = rows.filter(({ failed }) => failed === 0);
  return ENGINES.flatMap(({ fewRoutes, manyRoutes }) =>
    QUESTIONS.flatMap((question) => {
      const engine = /^(routes|change)-/.test(question.metric) ? manyRoutes : fewRoutes;
      const ours = sound.find((row) => row.metric === question.metric && row.contender === engine);
      if (ours === undefined) return [];
      const peers = question.theirMetric === undefined ? question.peers : [engine];
      const theirs = best(sound, question.theirMetric ?? question.metric, peers, question.better);
      const { what, better } = question;
      const unit = ours.unit;
      return [{ what, better, engine, unit, ours: ours.median, theirs, ratio: ratio(ours.median, theirs?.value) }];
    }),
  );
}

function best(
  rows: readonly Row[],
  metric: string,
  peers: readonly ContenderName[],
  better: Question["better"],
): Comparison["theirs"] {
  const order = better === "less" ? 1 : -1;
  const found = rows
    .filter((row) => row.metric === metric && peers.includes(row.contender))
    .sort((a, b) => order * (a.median - b.median))[0];
  return found === undefined ? undefined : { contender: found.contender, value: found.median };
}

export function comparisonTable(comparisons: readonly Comparison[]): Table {
  return {
    title: "Ours against theirs",
    header: ["engine", "what", "ours", "theirs", "ratio"],
    lines: comparisons.map(({ engine, what, better, ours, theirs, unit, ratio: times }) => [
      engine,
      better === "more" ? `${what} (more is better)` : what,
      `${number(ours)} ${unit}`,
      theirs === undefined ? "not measured" : `${number(theirs.value)} (${theirs.contender})`,
      times === undefined ? "–" : times.toFixed(2),
    ]),
    notes: [],
  };
}

/** Each metric of an engine beside the same metric of the other checkout's. Rows of work that failed are left out. */
export function beforeTable(rows: readonly Row[]): Table {
  const sound = rows.filter(({ failed }) => failed === 0);
  const lines = Object.entries(BEFORE).flatMap(([name, other]) =>
    sound.flatMap((row) => {
      if (row.contender !== name) return [];
      const before = sound.find(({ contender, metric }) => contender === other && metric === row.metric);
      if (before === undefined) return [];
      const times = ratio(row.median, before.median);
      return [
        [
          name,
          row.metric,
          row.unit,
          number(row.median),
          number(before.median),
          times === undefined ? "–" : times.toFixed(2),
        ],
      ];
    }),
  );
  return {
    title: "After against before",
    header: ["engine", "metric", "unit", "after", "before", "ratio"],
    lines,
    notes: [],
  };
}
