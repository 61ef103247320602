/** The metrics' sums as plain data, for `/stats`. */
import type { ConnectionReason } from "../../model/connection-reason.ts";

export interface Sums {
  readonly accepted: number;
  readonly active: number;
  /** Reasons that have come; of listeners that are gone no longer. */
  readonly ended: Readonly<Partial<Record<ConnectionReason, number>>>;
  /** From clients to backends, those of open connections among them. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}
