/**
 * Admission in a process of its own, told what to do over IPC: Pepr's watches and timers end only with their process. Run by
 * tests with `fork`; the first message holds the certificate.
 */
import { once } from "node:events";
import { createLogger } from "../../../logging/logger.ts";
import { CONTROLLER_NAME } from "../../../model/identity.ts";
import type { ServingCertificate } from "../key-files.ts";
import { startAdmission } from "../start.ts";

export type Order =
  | ({ readonly type: "start"; readonly certificate: ServingCertificate } & StartSettings)
  | { readonly type: "certificate"; readonly certificate: ServingCertificate }
  | { readonly type: "close" };

export interface StartSettings {
  /** Default false. */
  readonly isGatewayServed?: boolean;
  readonly storeTimeoutMs?: number;
  /** A free one when absent. */
  readonly port?: number;
  /** Makes every question for the context throw, as a defect would. */
  readonly defective?: boolean;
}

export type Report =
  | { readonly type: "listening"; readonly port: number }
  | { readonly type: "ready" }
  | { readonly type: "start-failed"; readonly problem: string }
  | { readonly type: "changed"; readonly kind: string; readonly name: string }
  | { readonly type: "certificate-set" }
  | { readonly type: "closed"; readonly sigtermListeners: number };

const report = (message: Report) => process.send?.(message);

async function main(): Promise<void> {
  const [first] = (await once(process, "message")) as [Order];
  if (first.type !== "start") throw new Error("the first order is to start");
  const { certificate, isGatewayServed = false, port = 0, storeTimeoutMs, defective = false } = first;
  const admission = startAdmission({
    log: createLogger({ level: "warn", format: "text" }),
    port,
    certificate,
    isGatewayServed: () => isGatewayServed,
    onStartFailed: () => report({ type: "start-failed", problem: admission.problem() ?? "" }),
    onChange: (kind, name) => report({ type: "changed", kind, name }),
    context: () => {
      if (defective) throw new Error("a defect");
      return { controllerName: CONTROLLER_NAME, gatewayClasses: [fsmClass], gateways: [], listenerSets: [] };
    },
    ...(storeTimeoutMs === undefined ? {} : { storeTimeoutMs }),
  });
  process.on("message", (order: Order) => {
    if (order.type === "certificate") {
      admission.setCertificate(order.certificate);
      report({ type: "certificate-set" });
    } else if (order.type === "close") {
      void admission
        .close()
        .then(() => report({ type: "closed", sigtermListeners: process.listeners("SIGTERM").length }));
    }
  });
  report({ type: "listening", port: await admission.listening });
  await admission.ready;
  if (admission.isReady()) report({ type: "ready" });
}

const fsmClass = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "GatewayClass",
  metadata: { name: "fsm" },
  spec: { controllerName: CONTROLLER_NAME },
};

await main();
