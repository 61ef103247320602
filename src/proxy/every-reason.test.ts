/**
 * Every reason of the closed set, produced by real peers on each engine: the same word in the log and in the metric. A new reason
 * does not compile before somebody has said how it is produced; that the docs have it too, hack/generate-reference holds.
 */
import assert from "node:assert/strict";
import { testEngines } from "../../test/wire/gateway.ts";
import { admission } from "../../test/wire/reasons/admission.ts";
import { defects } from "../../test/wire/reasons/defects.ts";
import { endpoints } from "../../test/wire/reasons/endpoints.ts";
import { firstBytes } from "../../test/wire/reasons/first-bytes.ts";
import type { Producers } from "../../test/wire/reasons/producer.ts";
import { proxyHeader } from "../../test/wire/reasons/proxy-header.ts";
import { relay } from "../../test/wire/reasons/relay.ts";
import { routing } from "../../test/wire/reasons/routing.ts";
import { tlsEnds } from "../../test/wire/reasons/tls.ts";
import { eventually } from "../../test/wire/sockets.ts";
import { CONNECTION_REASONS, type ConnectionReason } from "../model/connection-reason.ts";

const EVERY_REASON: Producers<ConnectionReason> = {
  ...admission,
  ...proxyHeader,
  ...firstBytes,
  ...tlsEnds,
  ...routing,
  ...endpoints,
  ...relay,
  ...defects,
};

for (const reason of Object.keys(CONNECTION_REASONS) as ConnectionReason[]) {
  const { produce, skip = false } = EVERY_REASON[reason];
  testEngines(
    `${reason} is produced, logged and counted`,
    async (t) => {
      const gateway = await produce(t);
      const logged = () => gateway.lines.filter(({ fields }) => fields.reason === reason).length;
      await eventually(
        () => logged() > 0,
        () => `${reason} among ${JSON.stringify(gateway.lines)}`,
      );
      const exposed = await gateway.metrics.expose();
      const pattern = new RegExp(`^fsm_gateway_connections_total\\{[^}]*reason="${reason}"\\} (\\d+)$`, "gm");
      const counted = [...exposed.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
      assert.equal(counted, logged());
    },
    skip,
  );
}
