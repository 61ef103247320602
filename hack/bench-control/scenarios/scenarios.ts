/** All scenarios, in the order in which they are run. */
import type { Scenario } from "../scenario.ts";
import { ATTACHED_ROUTES } from "./attached-routes.ts";
import { BACKEND_FAILOVER } from "./backend-failover.ts";
import { FOREIGN_OBJECTS } from "./foreign-objects.ts";
import { LISTENER_SETS_SCENARIO } from "./listener-sets.ts";
import { PROPAGATION } from "./propagation.ts";
import { ROUTE_CHANGE } from "./route-change.ts";
import { SCALE } from "./scale.ts";

export const SCENARIOS: readonly Scenario[] = [
  ATTACHED_ROUTES,
  PROPAGATION,
  ROUTE_CHANGE,
  SCALE,
  LISTENER_SETS_SCENARIO,
  BACKEND_FAILOVER,
  FOREIGN_OBJECTS,
];
