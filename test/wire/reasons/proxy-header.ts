/** PROXY headers that are wrong, late, missing, or not believed. */
import type { TestContext } from "node:test";
import type { ClientTraffic } from "../../../src/model/traffic.ts";
import { writeProxyHeader } from "../../../src/proxy/proxy-protocol/write.ts";
import { HELLO, type Producers, stage, turnedAway } from "./producer.ts";

const ENDS = { source: { address: "192.0.2.7", port: 4711 }, destination: { address: "198.51.100.1", port: 443 } };
const HEADER = writeProxyHeader({ version: 1, ends: ENDS });
const REQUIRED: ClientTraffic = { proxyProtocol: { mode: "required", trusted: ["127.0.0.0/8"] } };
const OF_OTHERS: ClientTraffic = { proxyProtocol: { mode: "required", trusted: ["10.0.0.0/8"] } };

const refused = (bytes: Uint8Array, client?: ClientTraffic) => ({
  produce: async (t: TestContext) => {
    const gateway = await stage(t, {
      ...(client && { client }),
      options: { timeOuts: { clientHelloMs: 200 } },
    });
    await turnedAway(t, gateway.port, bytes);
    return gateway;
  },
});

export const proxyHeader: Producers<
  | "proxy_header_missing"
  | "proxy_header_untrusted"
  | "proxy_header_timeout"
  | "malformed_proxy_header"
  | "proxy_header_unexpected"
> = {
  proxy_header_missing: refused(HELLO, REQUIRED),
  proxy_header_untrusted: refused(HEADER, OF_OTHERS),
  proxy_header_timeout: refused(HEADER.subarray(0, 20), REQUIRED),
  malformed_proxy_header: refused(Buffer.from("PROXY TCP4 a b 1 2\r\n"), REQUIRED),
  proxy_header_unexpected: refused(HEADER),
};
