/** The document's request. By curl where there is one; a machine without it gets the same request from Node. */
import { spawn } from "node:child_process";
import { connect } from "node:tls";

export interface Request {
  readonly gateway: { readonly address: string; readonly port: number };
  /** File with the CA to trust; absent: the system's. */
  readonly caFile?: string;
  /** PEM of the same. */
  readonly ca?: string;
}

export interface Answer {
  readonly ok: boolean;
  readonly output: string;
}

const TIME_OUT_SECONDS = 10;

export function curlCommand({ gateway, caFile }: Request): readonly string[] {
  const trust = caFile === undefined ? [] : ["--cacert", caFile];
  const to = `httpbin.org:443:${gateway.address}:${gateway.port}`;
  return ["curl", "https://httpbin.org/headers", "--connect-to", to, ...trust];
}

export async function ask(request: Request): Promise<Answer> {
  return (await askCurl(request)) ?? askNode(request);
}

/** Nothing when there is no curl. */
function askCurl(request: Request): Promise<Answer | undefined> {
  const [command = "curl", ...args] = curlCommand(request);
  const child = spawn(command, [...args, "--silent", "--show-error", "--fail", "--max-time", `${TIME_OUT_SECONDS}`]);
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  return new Promise((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? resolve(undefined) : reject(error)));
    child.on("close", (code) => resolve({ ok: code === 0, output }));
  });
}

function askNode({ gateway, ca }: Request): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({
      host: gateway.address,
      port: gateway.port,
      servername: "httpbin.org",
      ...(ca !== undefined && { ca }),
    });
    let answer = "";
    socket.setTimeout(TIME_OUT_SECONDS * 1000, () => socket.destroy(new Error("no answer in time")));
    socket.on("data", (data) => (answer += data));
    socket.on("error", (error) =>
      resolve({ ok: false, output: `(asked by Node: there is no curl) ${error.message}\n` }),
    );
    socket.on("end", () => {
      const [head = "", body = ""] = answer.split("\r\n\r\n", 2);
      resolve({ ok: head.startsWith("HTTP/1.1 200"), output: `(asked by Node: there is no curl)\n${body}` });
    });
    socket.write("GET /headers HTTP/1.1\r\nHost: httpbin.org\r\nAccept: */*\r\nConnection: close\r\n\r\n");
  });
}
