/** TLS that is ended here, on either side, and fails. */
import type { TestContext } from "node:test";
import tls from "node:tls";
import type { BackendTls, TerminateTls } from "../../../src/model/proxy-config.ts";
import { testAuthority } from "../authority.ts";
import { backend, route, service, terminating } from "../config.ts";
import { startBackend, startEcho } from "../sockets.ts";
import { connectTls, dialTls, endOf } from "../tls-client.ts";
import { type Producers, stage } from "./producer.ts";

type Validation = NonNullable<TerminateTls["clientValidation"]>;

/** A listener that ends TLS for every name. */
async function startTerminating(t: TestContext, more: { clientValidation?: Validation } = {}) {
  const authority = await testAuthority();
  const server = await startEcho();
  const gateway = await stage(t, {
    server,
    taker: (port) => terminating("l", port, ["cert"], more),
    resources: [
      await authority.certificate("cert", { dns: ["a.example"] }),
      authority.authorities("authority"),
      route("r", "l", ["*"], { s: 1 }),
      ...service("s", server.address),
    ],
  });
  return gateway;
}

/** A listener that ends TLS, and encrypts anew towards a server whose certificate is for this name, or that speaks no TLS. */
async function startEncrypting(t: TestContext, certificateOf: string | undefined) {
  const authority = await testAuthority();
  const server =
    certificateOf === undefined
      ? await startBackend((socket) => socket.end("220 no TLS here\r\n"))
      : await startBackend(() => {}, tls.createServer(await authority.issue({ dns: [certificateOf] })));
  const [, endpoints] = service("s", server.address);
  const verified: BackendTls = {
    type: "verified",
    serverName: "b.example",
    subjectAltNames: [],
    authorities: ["authority"],
  };
  const gateway = await stage(t, {
    server,
    taker: (port) => terminating("l", port, ["cert"]),
    resources: [
      await authority.certificate("cert", { dns: ["a.example"] }),
      authority.authorities("authority"),
      route("r", "l", ["*"], { s: 1 }),
      endpoints,
      { ...backend("s", { type: "endpoints", endpoints: "s" }), tls: verified },
    ],
  });
  const client = await connectTls(gateway.port, "a.example", { ca: authority.ca });
  client.end("x");
  await endOf(client);
  return gateway;
}

export const tlsEnds: Producers<
  "client_handshake_failed" | "client_certificate_invalid" | "backend_handshake_failed" | "backend_certificate_invalid"
> = {
  client_handshake_failed: {
    produce: async (t) => {
      const gateway = await startTerminating(t);
      // TLS 1.1 is not taken.
      const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
      await endOf(dialTls(gateway.port, "a.example", old));
      return gateway;
    },
  },
  client_certificate_invalid: {
    produce: async (t) => {
      const clientValidation: Validation = { mode: "AllowValidOnly", authorities: ["authority"] };
      const gateway = await startTerminating(t, { clientValidation });
      await endOf(dialTls(gateway.port, "a.example", { rejectUnauthorized: false }));
      return gateway;
    },
  },
  backend_handshake_failed: { produce: (t) => startEncrypting(t, undefined) },
  backend_certificate_invalid: { produce: (t) => startEncrypting(t, "c.example") },
};
