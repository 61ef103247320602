/** Clients of the configuration stream that are not proxies: what they are told, or why they are refused. */
import { type ControlClient, createControlClient } from "../../src/control/client/client.ts";
import { MemoryApplier } from "../../src/control/testing/memory-applier.ts";
import { SILENT } from "../../src/loop/silent-log.ts";
import {
  CONTROL_STREAM_PORT,
  OPERATOR_NAME,
  OPERATOR_NAMESPACE,
  STREAM_TOKEN_AUDIENCE,
} from "../../src/model/identity.ts";
import type { ListenerReport, ProxyReport } from "../../src/model/proxy-report.ts";
import type { RunningPod } from "../e2e/operator.ts";
import type { World } from "./world.ts";

/** Holds what it is told, and says that it has bound every listener of it, as a proxy does. */
export class BindingApplier extends MemoryApplier {
  override report(): ProxyReport {
    const listeners = [...this.resources].flatMap(([key, { version }]): ListenerReport[] => {
      return key.startsWith("listener:") ? [{ key, version, state: "bound" }] : [];
    });
    return { ...super.report(), listeners };
  }
}

export interface StreamClient {
  readonly applier: BindingApplier;
  readonly client: ControlClient;
  /** Why the operator has ended or refused its last stream. */
  readonly refusal: () => string | undefined;
}

/** Talks to that replica alone, with this token, and calls itself `proxyId`. */
export async function startStreamClient(
  { kubectl }: World,
  operator: RunningPod,
  { token, proxyId }: { readonly token: string; readonly proxyId: string },
): Promise<StreamClient> {
  const ca = await kubectl("get", "configmap", "fsm-gateway-app", "-o", "jsonpath={.data.ca\\.crt}");
  const applier = new BindingApplier();
  const said: { reason?: string } = {};
  const warn = (_: string, fields?: Readonly<Record<string, unknown>>) => {
    said.reason = String(fields?.reason);
  };
  const client = createControlClient({
    log: { ...SILENT, warn },
    url: `https://${operator.address}:${CONTROL_STREAM_PORT}`,
    serverName: `${OPERATOR_NAME}.${OPERATOR_NAMESPACE}.svc`,
    ca: async () => ca,
    token: async () => token,
    proxyId,
    applier,
  });
  client.start();
  return { applier, client, refusal: () => said.reason };
}

/** A token of a ServiceAccount, for the stream; bound to a Pod, as the kubelet's are, when one is named. */
export async function streamToken({ kubectl }: World, account: string, pod?: string): Promise<string> {
  const bound = pod === undefined ? [] : ["--bound-object-kind=Pod", `--bound-object-name=${pod}`];
  return (await kubectl("create", "token", account, `--audience=${STREAM_TOKEN_AUDIENCE}`, ...bound)).trim();
}
