/** A stand-in for https://httpbin.org on loopback: real TLS, and of httpbin's endpoints the one that the demo asks for. */
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { KeyedCertificate } from "../../src/operator/certificates/issue.ts";

export interface StandIn {
  readonly address: string;
  readonly port: number;
  close(): void;
}

export async function startStandIn({ certificate: cert, key }: KeyedCertificate): Promise<StandIn> {
  const server = createServer({ cert, key }, (request, response) => {
    if (request.url !== "/headers") return response.writeHead(404).end("The stand-in has /headers only.\n");
    const names = request.rawHeaders.filter((_, i) => i % 2 === 0);
    const headers = Object.fromEntries(names.map((name) => [name, request.headers[name.toLowerCase()]]));
    response.setHeader("content-type", "application/json");
    return response.end(`${JSON.stringify({ headers }, null, 2)}\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { address, port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { address, port, close };
}
