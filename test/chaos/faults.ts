/** All faults, in the order in which they come: quick ones and those of processes first. */
import type { Fault } from "./fault.ts";
import { apiServerKilled, apiServerPaused, versionsExpired, watchesCut } from "./faults/api-server.ts";
import { conflicts, throttled } from "./faults/contention.ts";
import { leaderCutOff, leaderDeleted, leaderKilled, operatorsGone } from "./faults/operators.ts";
import { eviction, proxyKilled, proxyRollout } from "./faults/proxies.ts";
import { neverAcknowledges, strangers } from "./faults/stream.ts";
import { certificateExpires, webhookAway } from "./faults/trust.ts";

export const FAULTS: readonly Fault[] = [
  leaderKilled,
  leaderDeleted,
  leaderCutOff,
  operatorsGone,
  apiServerKilled,
  apiServerPaused,
  watchesCut,
  versionsExpired,
  conflicts,
  throttled,
  proxyKilled,
  proxyRollout,
  eviction,
  neverAcknowledges,
  strangers,
  certificateExpires,
  webhookAway,
];
