/**
 * The admin port: `/healthz`, `/readyz` and `/metrics` over HTTP, for kubelet and Prometheus.
 *
 * Reads only: nothing can be changed through it. It is not for clients of the gateway and has its own bind address.
 */
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";

/** Metrics in the Prometheus text format. */
export interface MetricsSource {
  readonly contentType: string;
  expose(): Promise<string>;
}

export interface AdminSource {
  /** What is missing before work can be taken, in words; undefined when nothing is. */
  notReady(): string | undefined;
  /** Undefined while there is nothing to count yet. */
  readonly metrics: MetricsSource | undefined;
}

export interface AdminServer {
  /** The port that was bound: of interest when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/** Rejects when the address cannot be bound. */
export async function serveAdmin(source: AdminSource, at: { address: string; port: number }): Promise<AdminServer> {
  const server = http.createServer((request, response) => {
    answer(source, request).then(
      ({ status, contentType, body }) => response.writeHead(status, { "content-type": contentType }).end(body),
      (error: unknown) => response.writeHead(500, { "content-type": "text/plain" }).end(`${String(error)}\n`),
    );
  });
  server.listen({ host: at.address, port: at.port });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

async function answer(source: AdminSource, { method, url }: http.IncomingMessage): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return plain(405, "Only GET and HEAD.");
  switch (url?.split("?")[0]) {
    case "/healthz":
      return plain(200, "ok");
    case "/readyz": {
      const missing = source.notReady();
      return missing === undefined ? plain(200, "ready") : plain(503, `not ready: ${missing}`);
    }
    case "/metrics": {
      const { metrics } = source;
      if (metrics === undefined) return { status: 200, contentType: "text/plain", body: "" };
      return { status: 200, contentType: metrics.contentType, body: await metrics.expose() };
    }
    default:
      return plain(404, "There are /healthz, /readyz and /metrics.");
  }
}

function plain(status: number, sentence: string): Answer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${sentence}\n` };
}
