/** First bytes that are no ClientHello, or not in time. */
import type { TestContext } from "node:test";
import { bytes, helloFor, record } from "../hello-bytes.ts";
import { connectTo, readAll } from "../sockets.ts";
import { HELLO, type Producers, stage, turnedAway } from "./producer.ts";

const refused = (sent: Uint8Array) => ({
  produce: async (t: TestContext) => {
    const gateway = await stage(t, { options: { timeOuts: { clientHelloMs: 200 } } });
    await turnedAway(t, gateway.port, sent);
    return gateway;
  },
});

export const firstBytes: Producers<
  | "client_closed_early"
  | "client_hello_timeout"
  | "client_hello_too_large"
  | "malformed_client_hello"
  | "not_tls"
  | "invalid_sni"
  | "http_not_served"
> = {
  client_closed_early: {
    produce: async (t) => {
      const gateway = await stage(t);
      const client = await connectTo(gateway.port);
      client.end(HELLO.subarray(0, 40));
      await readAll(client);
      return gateway;
    },
  },
  client_hello_timeout: refused(HELLO.subarray(0, 40)),
  client_hello_too_large: refused(record(bytes(1, 0xff, 0xff, 0xff))),
  malformed_client_hello: refused(record(bytes(2, 0, 0, 0))),
  not_tls: refused(bytes("GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
  invalid_sni: refused(helloFor("a b.example")),
  http_not_served: {
    produce: async (t) => {
      const http = (port: number) => ({ kind: "listener", name: "l", port, protocol: "HTTP" }) as const;
      const gateway = await stage(t, { taker: http, resources: [] });
      await turnedAway(t, gateway.port, bytes("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
      return gateway;
    },
  },
};
