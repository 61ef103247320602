/** Starts an admission process and asks it as an API server would: AdmissionReviews over TLS that is verified. */
import { fork } from "node:child_process";
import { on } from "node:events";
import https from "node:https";
import type { TLSSocket } from "node:tls";
import { ADMISSION_PATH } from "../environment.ts";
import type { ServingCertificate } from "../key-files.ts";
import type { Order, Report, StartSettings } from "./admission-process.ts";

export interface AdmissionProcess {
  readonly pid: number;
  order(order: Order): void;
  /** The next report of this type; those before it are passed over. */
  next<T extends Report["type"]>(type: T): Promise<Extract<Report, { type: T }>>;
  end(): void;
}

export function startProcess(kubeconfig: string, certificate: ServingCertificate, settings: StartSettings = {}) {
  const child = fork(new URL("./admission-process.ts", import.meta.url), {
    env: { ...process.env, KUBECONFIG: kubeconfig },
  });
  const reports = on(child, "message", { close: ["exit"], signal: AbortSignal.timeout(60_000) });
  const order = (message: Order) => void child.send(message);
  order({ type: "start", certificate, ...settings });
  const started: AdmissionProcess = {
    pid: child.pid ?? 0,
    order,
    next: async (type) => {
      for (;;) {
        const { value, done } = (await reports.next()) as { value: [Report, ...unknown[]]; done?: boolean };
        if (done === true) throw new Error(`the admission process has ended before it reported ${type}`);
        if (value[0].type === type) return value[0] as never;
      }
    },
    end: () => void child.kill("SIGKILL"),
  };
  return started;
}

export interface ReviewAnswer {
  readonly status: number;
  readonly keepAlive: string | undefined;
  /** Port of our end: tells whether the connection is the same. */
  readonly localPort: number | undefined;
  /** Serial number of the certificate that was shown. */
  readonly serialNumber: string;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly warnings?: readonly string[];
    readonly status?: { readonly code: number; readonly message: string };
  };
}

export interface Question {
  readonly object: { readonly apiVersion: string; readonly kind: string; readonly spec: unknown };
  readonly oldObject?: unknown;
  readonly path?: string;
}

/** POSTs one AdmissionReview (admission.k8s.io/v1). @throws when the server's certificate is not trusted. */
export function ask(port: number, ca: string, agent: https.Agent, question: Question): Promise<ReviewAnswer> {
  const { object, oldObject, path = ADMISSION_PATH } = question;
  const [group, version] = object.apiVersion.split("/");
  const request = {
    uid: "the-uid",
    kind: { group, version, kind: object.kind },
    operation: oldObject === undefined ? "CREATE" : "UPDATE",
    namespace: "ns",
    name: "the-name",
    object,
    oldObject: oldObject ?? null,
  };
  const body = JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request });
  return new Promise((resolve, reject) => {
    const call = https.request(
      {
        host: "127.0.0.1",
        port,
        path: `${path}?timeout=5s`,
        method: "POST",
        servername: "fsm-gateway.ns.svc",
        ca,
        agent,
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      async (answer) => {
        const socket = answer.socket as TLSSocket;
        const { serialNumber } = socket.getPeerCertificate();
        const { localPort } = socket;
        const text = (await answer.toArray()).join("");
        const review =
          answer.statusCode === 200 ? (JSON.parse(text) as { response: ReviewAnswer["response"] }) : undefined;
        resolve({
          status: answer.statusCode ?? 0,
          keepAlive: answer.headers["keep-alive"]?.toString(),
          localPort,
          serialNumber,
          response: review?.response as ReviewAnswer["response"],
        });
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}
