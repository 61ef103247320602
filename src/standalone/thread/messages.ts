/**
 * What the thread that reads the files and the thread that serves tell each other. Plain data, structured-cloned. The shapes of
 * configuration and report are those of the operator's stream.
 */
import type { ExternalHostsPolicy } from "../../model/external-hosts.ts";
import type { ConfigDelta } from "../../model/proxy-config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import type { DeltaPart } from "../../proxy/delta-parts.ts";
import type { StandaloneStatus } from "../standalone.ts";

/** What the thread is begun with. */
export interface ThreadSettings {
  readonly files: readonly string[];
  /** For objects that name none. */
  readonly namespace: string;
  /** At which clients reach this machine. */
  readonly addresses: readonly string[];
  readonly externalHosts: ExternalHostsPolicy;
}

/** From the thread that reads. `gateway`: `namespace/name`. */
export type FromReader =
  /** What `apply` will complete. Answered by `go_on`, so that there is never more than one on its way. */
  | ({ readonly type: "apply_part"; readonly gateway: string } & DeltaPart)
  /** Answered by `applied` or `failed`. The first one for a Gateway begins its proxy. */
  | { readonly type: "apply"; readonly request: number; readonly gateway: string; readonly delta: ConfigDelta }
  /** The Gateway is gone. */
  | { readonly type: "retire"; readonly gateway: string; readonly drainMs: number }
  | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** A status that has changed, described for people. */
  | { readonly type: "status"; readonly status: StandaloneStatus; readonly description: string }
  /** The first reading has come to this; nothing is served, and nothing more will be said. */
  | { readonly type: "refused"; readonly lines: readonly string[] }
  /** What the files say is served. */
  | { readonly type: "loaded" };

export type ToReader =
  | { readonly type: "go_on" }
  | { readonly type: "applied"; readonly request: number; readonly report: ProxyReport }
  /** A defect. */
  | { readonly type: "failed"; readonly request: number; readonly problem: string }
  /** Of a proxy, for another reason than `apply`. */
  | { readonly type: "report"; readonly gateway: string; readonly report: ProxyReport };
