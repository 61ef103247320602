/**
 * One life of a Pepr module: its capabilities, its HTTPS server and its store. Pepr serves nothing until it has its store, and
 * when that fails once it never tries again; so a module can be given up and a new one made in its place (start.ts).
 */
import { once } from "node:events";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Capability, PeprModule } from "pepr";
import manifest from "../../../package.json" with { type: "json" };
import { ConnectionCap } from "../../net/connection-cap.ts";
import { captureServer, captureTimers, withoutSignalListeners } from "./capture.ts";
import { type ServingCertificate, withKeyFiles } from "./key-files.ts";

/**
 * The API server keeps idle connections for 90 s (net/http's default transport). The side that closes later never writes
 * into a connection that the other has just closed.
 */
const KEEP_ALIVE_MS = 120_000;

/** Each API server keeps a few connections. Beyond this limit the longest idle one is reset. */
const MAX_CONNECTIONS = 256;

/** The API server sends a review immediately and waits 5 s for the response. */
const REQUEST_TIMEOUT_MS = 10_000;

/** After this the requests still in progress are cut: the API server itself waits for a webhook 30 s at most. */
const CLOSE_DEADLINE_MS = 5_000;

export interface RunningModule {
  readonly server: Server;
  readonly port: number;
  /** Settles when Pepr has its store and answers reviews; stays pending when that fails. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export interface ModuleParts {
  readonly Module: typeof PeprModule;
  readonly capabilities: Capability[];
  readonly certificate: ServingCertificate;
  /** 0 takes a free port. */
  readonly port: number;
  /** Name in the module's stores: `pepr-<uuid>-store` and `pepr-<uuid>-schedule`. Default: the manifest's. */
  readonly uuid?: string;
}

/** Resolves when the port is bound. @throws the server's own error when it cannot be. */
export async function runModule({
  Module,
  capabilities,
  certificate,
  port,
  uuid = manifest.pepr.uuid,
}: ModuleParts): Promise<RunningModule> {
  const ready = storeReady(capabilities);
  const named = { ...manifest, pepr: { ...manifest.pepr, uuid } };
  const { result: module, stopTimers } = captureTimers(() => new Module(named, capabilities, { deferStart: true }));
  try {
    const server = captureServer(() =>
      withoutSignalListeners(() => withKeyFiles(certificate, () => module.start(port))),
    );
    // Pepr's own listener retries a port in use for ever and keeps silent about every other error.
    server.removeAllListeners("error");
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.headersTimeout = REQUEST_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    const cap = new ConnectionCap(server, MAX_CONNECTIONS);
    server.on("request", (request, response) => response.once("close", cap.startWork(request.socket)));
    await once(server, "listening");
    const bound = (server.address() as AddressInfo).port;
    return { server, port: bound, ready, close: () => close(server, stopTimers) };
  } catch (error) {
    stopTimers();
    throw error;
  }
}

/** Pepr binds its paths right after the stores of the capabilities have their first content, within the same turn. */
async function storeReady(capabilities: readonly Capability[]): Promise<void> {
  await Promise.all(
    capabilities.map(({ Store }) => new Promise<void>((resolve) => Store.onReady(() => setImmediate(resolve)))),
  );
}

/** May be called again. */
async function close(server: Server, stopTimers: () => void): Promise<void> {
  stopTimers();
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_DEADLINE_MS);
  await closed;
  clearTimeout(deadline);
}
