/**
 * What the main thread and a worker of the linux engine tell each other, through a MessagePort. Plain data, structured-cloned.
 */
import type { MessagePort } from "node:worker_threads";
import type { ConfigDelta } from "../../model/proxy-config.ts";
import type { SharedSources } from "../admit/admission.ts";
import type { SharedBackendCounts } from "../admit/backend-connections.ts";
import type { ProcessConnections } from "../admit/connection-shares.ts";
import type { AdmissionLimits } from "../admit/limits.ts";
import type { BucketSize } from "../admit/token-bucket.ts";
import type { DeltaPart } from "../delta-parts.ts";
import type { FailedHost, HostAnswer } from "../dns/resolve-host.ts";
import type { MovedSum } from "../observe/moved-bytes.ts";
import type { ConnectionsSeen, ConnectionWish, EnginePart } from "../observe/open-connection.ts";
import type { Tally } from "../observe/tally.ts";
import type { Overrides } from "../planner.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import type { TimeOuts } from "../relay/time-outs.ts";
import type { LocalAddresses } from "../route/own-addresses.ts";

/** What a worker is begun with. */
export interface WorkerSettings {
  readonly channel: MessagePort;
  /** An eventfd that is written to when there is something in the channel. */
  readonly wake: number;
  /** See `Descriptors`. */
  readonly openDescriptors: Uint8Array;
  /** Connections of each worker, then those of the portable engine beside them. */
  readonly active: Int32Array;
  /** Connections of each backend, in the same rows as `active`. */
  readonly backendCounts: SharedBackendCounts;
  /** Which of `active` is this worker's. */
  readonly index: number;
  readonly processConnections: ProcessConnections;
  /** The defaults. Where a configuration differs, connections are handed off. A `limits` message changes them. */
  readonly limits: AdmissionLimits;
  readonly sources: SharedSources;
  readonly pipeCap: number;
  readonly timeOuts: TimeOuts;
  readonly overrides: Overrides;
  /** Are single connections to be told of, or sums? */
  readonly wantsRecords: boolean;
  /** See `EngineHost`. */
  readonly wantsFailures: boolean;
  /** See `EngineHost`. */
  readonly refusedLines: BucketSize | undefined;
  /** In [0, 1): where round robins begin; absent: by chance. */
  readonly start?: number;
}

/** Those with a `request` are answered by `done` when they are carried out. */
export type ToWorker =
  /** Of a delta that is too large to be read in one go: goes before the `apply` that it is a part of. */
  | ({ readonly type: "apply_part" } & DeltaPart)
  | {
      readonly type: "apply";
      readonly request: number;
      readonly delta: ConfigDelta;
      /** Current addresses of this machine. */
      readonly local: LocalAddresses;
    }
  /** Sets the Gateway's share of the process's limits. Open connections stay. */
  | {
      readonly type: "limits";
      readonly limits: AdmissionLimits;
      readonly maxBackendConnections: number;
      readonly pipeCap: number;
    }
  | { readonly type: "listen"; readonly fd: number; readonly port: number }
  /** Accepts the connections in the socket's queue, and closes it. */
  | { readonly type: "stop_listening"; readonly request: number; readonly fd: number }
  /** Leaves the open socket to another worker. */
  | { readonly type: "release_listening"; readonly request: number; readonly fd: number }
  /** What DNS says now of a host of the configuration. */
  | { readonly type: "host"; readonly host: string; readonly answer: HostAnswer }
  /** To the connections that wait for this host. */
  | { readonly type: "resolved"; readonly host: string; readonly answer: readonly string[] | FailedHost }
  /** Answered when no connection is left. */
  | { readonly type: "become_idle"; readonly request: number }
  | { readonly type: "cut"; readonly request: number }
  /** Answered by `moved` before it is done. */
  | { readonly type: "tell_moved"; readonly request: number }
  /** Answered by `seen` with the same number before it is done. */
  | { readonly type: "look"; readonly request: number; readonly look: number; readonly wish: ConnectionWish }
  /** Cuts what there is, and ends the thread. */
  | { readonly type: "end"; readonly request: number };

export type FromWorker =
  | { readonly type: "done"; readonly request: number }
  /** `opened`: how many connections have begun since the last message; `ended`: how others went. */
  | { readonly type: "connections"; readonly opened: number; readonly ended: readonly ConnectionRecord[] }
  /** The same as sums; where records are wanted, of those that are too many. */
  | { readonly type: "tally"; readonly opened: number; readonly ended: Tally }
  /** Bytes of connections that are open, since the last time. */
  | { readonly type: "moved"; readonly sums: readonly MovedSum[] }
  | { readonly type: "seen"; readonly look: number; readonly seen: ConnectionsSeen; readonly part: EnginePart }
  /** Connections wait for this host, of which nothing is known yet. */
  | { readonly type: "resolve"; readonly host: string }
  /** A connection, told of by `opened`, that the portable engine is to serve; `head`: what was read from it. */
  | { readonly type: "hand_over"; readonly fd: number; readonly port: number; readonly head: Uint8Array }
  | { readonly type: "accept_paused"; readonly error: string }
  | { readonly type: "defect"; readonly error: unknown };
