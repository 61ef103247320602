// What the backends' pod runs. Plain JavaScript: it goes into a ConfigMap and is run by the image's Node as it is.
//
// From port 8443 up, one for each name of BACKENDS: a TLS server that says its name and closes. On port 3000, and by TLS on
// port 3443: a server that repeats each line after a word that says how it came.
import { readFileSync } from "node:fs";
import net from "node:net";
import { createInterface } from "node:readline";
import tls from "node:tls";

const identity = { cert: readFileSync("/tls/tls.crt"), key: readFileSync("/tls/tls.key") };

for (const [index, name] of JSON.parse(process.env.BACKENDS).entries()) {
  tls.createServer(identity, (socket) => tolerant(socket).end(name)).listen(8443 + index);
}

net.createServer((socket) => repeat(socket, "plaintext")).listen(3000);
tls.createServer(identity, (socket) => repeat(socket, `tls:${socket.servername}`)).listen(3443);

function repeat(socket, how) {
  createInterface({ input: tolerant(socket) }).on("line", (line) => socket.write(`${how} ${line}\n`));
}

// Who closes early is no concern of a server; it would end it.
function tolerant(socket) {
  return socket.on("error", () => {});
}

process.on("SIGTERM", () => process.exit(0));
