// What the pods of cluster.test.ts run: `servers.mjs echo` or `servers.mjs webhook`. Plain JavaScript: it goes into a
// ConfigMap and is run by the image's Node as it is.
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { hostname } from "node:os";
import { json } from "node:stream/consumers";

const servers = {
  // Port 80 without a capability: the pod's ip_unprivileged_port_start lets it.
  echo: () =>
    createHttpServer((request, response) => {
      response.end(JSON.stringify({ pod: hostname(), from: request.socket.remoteAddress }));
    }).listen(80),
  webhook: () =>
    createHttpsServer(
      { cert: readFileSync("/tls/tls.crt"), key: readFileSync("/tls/tls.key") },
      async (request, response) => {
        const { apiVersion, kind, request: review } = await json(request);
        const denied = review.object.data?.deny !== undefined;
        const answer = { uid: review.uid, allowed: !denied, status: { message: "denied by the pod" } };
        response
          .setHeader("content-type", "application/json")
          .end(JSON.stringify({ apiVersion, kind, response: answer }));
      },
    ).listen(443),
};

servers[process.argv[2]]();
process.on("SIGTERM", () => process.exit(0));
