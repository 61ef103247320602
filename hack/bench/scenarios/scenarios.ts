/** Every scenario, in the order in which they are run and reported. */
import { bulk } from "./bulk.ts";
import { change } from "./change.ts";
import { connections, connectionsToKnownNames, connectionsWithRoutes, handshakes } from "./connections.ts";
import { fairness } from "./fairness.ts";
import { idle } from "./idle.ts";
import { roundTrips } from "./round-trips.ts";
import { FEW_ROUTES, type Scenario } from "./scenario.ts";
import { start } from "./start.ts";

export const SCENARIOS: readonly Scenario[] = [
  connections,
  handshakes,
  bulk("down", 1),
  bulk("down", 8),
  bulk("down", 64),
  bulk("up", 1),
  bulk("up", 8),
  bulk("up", 64),
  roundTrips,
  fairness,
  idle,
  ...[1, 1_000, 10_000, 100_000].map(connectionsWithRoutes),
  connectionsToKnownNames(100_000),
  change(1_000),
  change(100_000),
  start(100_000),
];

/** Those that a quick run has: what takes its time is building large tables. */
export const QUICK_SCENARIOS: readonly Scenario[] = SCENARIOS.filter(({ routes }) => routes === FEW_ROUTES);
