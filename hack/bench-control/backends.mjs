// What the bench's backends run. Plain JavaScript: it goes into a ConfigMap and is run by the image's Node as it is.
// On each of PORTS ports from 9001 on, a server that answers the first bytes of a connection with its port and closes.
import net from "node:net";

for (let port = 9001; port <= 9000 + Number(process.env.PORTS); port++) {
  const server = net.createServer((socket) => {
    // Who closes early is no concern of a server; it would end it.
    socket.on("error", () => {});
    socket.once("data", () => socket.end(String(port)));
  });
  server.listen(port, "::");
}

process.on("SIGTERM", () => process.exit(0));
