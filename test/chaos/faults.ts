/** All faults, in the order in which they come: quick ones and those of processes first. */
import type { Fault } from "./fault.ts";
import { gatewayClassDeleted, quotaRefusal } from "./faults/administrators.ts";
import { apiServerKilled, apiServerPaused, etcdCompacted, versionsExpired, watchesCut } from "./faults/api-server.ts";
import { conflicts, throttled } from "./faults/contention.ts";
import { networkSplit, nodeDies } from "./faults/nodes.ts";
import { leaderCutOff, leaderDeleted, leaderKilled, operatorsGone } from "./faults/operators.ts";
import { eviction, proxyKilled, proxyRollout } from "./faults/proxies.ts";
import { neverAcknowledges, strangers } from "./faults/stream.ts";
import { authorityExpires, certificateExpires, webhookAway } from "./faults/trust.ts";

export const FAULTS: readonly Fault[] = [
  leaderKilled,
  leaderDeleted,
  leaderCutOff,
  operatorsGone,
  apiServerKilled,
  apiServerPaused,
  watchesCut,
  versionsExpired,
  etcdCompacted,
  conflicts,
  throttled,
  proxyKilled,
  proxyRollout,
  eviction,
  neverAcknowledges,
  strangers,
  certificateExpires,
  authorityExpires,
  webhookAway,
  gatewayClassDeleted,
  quotaRefusal,
  networkSplit,
  nodeDies,
];
