// What the backends' pods run: a TLS server that says which backend it is and closes. Plain JavaScript: it goes into a
// ConfigMap and is run by the image's Node as it is.
import { readFileSync } from "node:fs";
import { createServer } from "node:tls";

createServer({ cert: readFileSync("/tls/tls.crt"), key: readFileSync("/tls/tls.key") }, (socket) => {
  // Who closes early is no concern of the server; it would end it.
  socket.on("error", () => {});
  socket.end(process.env.BACKEND);
}).listen(8443);
process.on("SIGTERM", () => process.exit(0));
