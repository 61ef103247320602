// Opens one TLS connection with Node's TLS: PORT NAME|- OPTIONS, options of tls.connect as JSON. Nothing is verified.
import tls from "node:tls";

const [port, name, options] = process.argv.slice(2);
const socket = tls.connect({
  host: "127.0.0.1",
  port: Number(port),
  servername: name === "-" ? "" : name,
  rejectUnauthorized: false,
  ...JSON.parse(options),
});
socket.on("error", () => {});
socket.resume();
