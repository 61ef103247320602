/** What the stream needs of the data plane. */
import type { ConfigDelta } from "../../model/proxy-config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import type { HeldConfig } from "../delta.ts";

export interface ConfigApplier {
  /** What serves now; revision "" before the first configuration. */
  configState(): HeldConfig;
  /**
   * Applies all of the delta, or refuses it and keeps what serves; the report says which. Never called again before it
   * has settled. Rejects only by a defect, which is reported as a refusal.
   */
  apply(delta: ConfigDelta): Promise<ProxyReport>;
  report(): ProxyReport;
  /** Calls back whenever `report()` changes; returns how to stop that. */
  onReport(callback: () => void): () => void;
}
