/** `fsm-gateway operator`: wires the operator to its Pod, or to a developer's kubeconfig. */
import { hostname } from "node:os";
import { serveAdmin } from "../../admin/admin-server.ts";
import { createLogger } from "../../logging/logger.ts";
import { ADMISSION_PORT, CONTROL_STREAM_PORT, OPERATOR_ADMIN_PORT, OPERATOR_NAMESPACE } from "../../model/identity.ts";
import { KubeClient } from "../../operator/kube/client.ts";
import { startOperator } from "../../operator/main.ts";
import type { RolloutLimit } from "../../operator/rollout/rollout-limit.ts";
import { EXIT } from "../exit.ts";
import { type ExternalHostsOptions, externalHostsPolicy, warnOfExternalHosts } from "../external-hosts-options.ts";
import type { LogOptions } from "../options.ts";
import { untilSignal } from "../signals.ts";
import { VERSION } from "../version.ts";

export interface OperatorCommandOptions extends LogOptions, ExternalHostsOptions {
  readonly proxyImage: string;
  readonly controllerName: string;
  readonly name: string;
  readonly watchNamespaces?: ReadonlySet<string>;
  readonly maxRollingGateways: RolloutLimit;
  readonly trustGatewayParameters: boolean;
  readonly terminate: boolean;
  readonly certificateNamespaces?: ReadonlySet<string>;
  readonly adminPort?: number;
  readonly admissionPort?: number;
  readonly streamPort?: number;
}

export async function operator(options: OperatorCommandOptions): Promise<void> {
  const log = createLogger({ level: options.logLevel, format: options.logFormat });
  const signal = untilSignal();
  log.info("started", { version: VERSION, node: process.version });
  const externalHosts = externalHostsPolicy(options);
  warnOfExternalHosts(log, externalHosts);
  const running = startOperator({
    log,
    droppedLogLines: log.droppedLines,
    client: KubeClient.fromDefault(),
    version: VERSION,
    installation: { controllerName: options.controllerName, name: options.name },
    namespace: process.env.POD_NAMESPACE ?? OPERATOR_NAMESPACE,
    podName: process.env.POD_NAME ?? hostname(),
    proxyImage: options.proxyImage,
    ...(options.watchNamespaces !== undefined && { watchNamespaces: options.watchNamespaces }),
    maxRollingGateways: options.maxRollingGateways,
    trustGatewayParameters: options.trustGatewayParameters,
    externalHosts,
    terminate: options.terminate,
    ...(options.certificateNamespaces !== undefined && { certificateNamespaces: options.certificateNamespaces }),
    admissionPort: options.admissionPort ?? ADMISSION_PORT,
    streamPort: options.streamPort ?? CONTROL_STREAM_PORT,
  });
  // Rejections are for the await below, also when they come before it.
  running.started.catch(() => undefined);
  // Served from the first moment: the start-up probe must see a process that lives and waits, and readiness say for what.
  const admin = await serveAdmin(running, { address: "::", port: options.adminPort ?? OPERATOR_ADMIN_PORT });
  // A replica that cannot start, for want of rights, must be able to end.
  await Promise.race([running.started, signal]);
  log.info("ending", { signal: await signal });
  await running.stop();
  await admin.close();
  // Pepr's watches cannot be ended; they must not keep the process.
  process.exit(EXIT.ok);
}
