/**
 * The clients whose hellos the corpus has, how each is run, and what its hello must then say.
 *
 * It owns what is expected, which follows from the command line alone; it runs nothing.
 */
export interface Expected {
  /** Absent: none is sent. */
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  readonly encryptedClientHello?: true;
  readonly postQuantum?: true;
}

export interface Variant {
  readonly name: string;
  /**
   * Run one after the other, each with its arguments; `{port}`, `{folder}` (an empty one for the whole variant) and `{clients}`
   * (the folder of the programs beside this file) are filled in. Kept is the hello of the last connection.
   */
  readonly commands: readonly (readonly string[])[];
  readonly expected: Expected;
  /** Absent: nobody answers, the first hello is all there is. */
  readonly server?: "one that gives tickets" | "one that asks for another key share";
}

export interface Client {
  readonly name: string;
  /** Prints the version, in which the pattern finds it. */
  readonly version: readonly [command: readonly string[], pattern: RegExp];
  readonly variants: readonly Variant[];
}

const NAME = "a.example";
const WEB = ["h2", "http/1.1"];
const named: Expected = { serverName: NAME };

const openssl = (...more: string[]) => ["openssl", "s_client", "-connect", "127.0.0.1:{port}", ...more];
const withName = (...more: string[]) => openssl("-servername", NAME, ...more);
const node = (name: string, options: object) => [
  "node",
  "{clients}/client.mjs",
  "{port}",
  name,
  JSON.stringify(options),
];
const curl = (...more: string[]) => ["curl", "-sk", "--resolve", `${NAME}:{port}:127.0.0.1`, ...more];
const go = (name: string, variant: string) => ["go", "run", "{clients}/client.go", "{port}", name, variant];
const python = (...more: string[]) => ["python3", "{clients}/client.py", "{port}", ...more];
const java = (...more: string[]) => ["java", "{clients}/Client.java", "{port}", ...more];
const gnutls = (...more: string[]) => ["gnutls-cli", "--no-ca-verification", "--port", "{port}", ...more, "127.0.0.1"];
const chromium = (...more: string[]) => [
  "chromium",
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--user-data-dir={folder}",
  `--host-resolver-rules=MAP ${NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
  ...more,
];

export const CLIENTS: readonly Client[] = [
  {
    name: "openssl",
    version: [["openssl", "version"], /OpenSSL (\S+)/],
    variants: [
      { name: "default", commands: [withName()], expected: named },
      { name: "no-name", commands: [openssl("-noservername")], expected: {} },
      { name: "alpn", commands: [withName("-alpn", "h2,http/1.1")], expected: { ...named, alpn: WEB } },
      { name: "tls13", commands: [withName("-tls1_3")], expected: named },
      { name: "tls12", commands: [withName("-tls1_2")], expected: named },
      { name: "tls10", commands: [withName("-tls1", "-cipher", "DEFAULT@SECLEVEL=0")], expected: named },
      { name: "all-ciphers", commands: [withName("-cipher", "ALL:COMPLEMENTOFALL@SECLEVEL=0")], expected: named },
      { name: "upper-case", commands: [openssl("-servername", "A.Example")], expected: named },
      { name: "psk", commands: [withName("-psk", "c0ffee", "-psk_identity", "somebody")], expected: named },
      {
        name: "resumption",
        commands: [withName("-sess_out", "{folder}/session"), withName("-sess_in", "{folder}/session")],
        server: "one that gives tickets",
        expected: named,
      },
      {
        name: "hello-retry",
        commands: [withName("-groups", "X25519:P-521")],
        server: "one that asks for another key share",
        expected: named,
      },
    ],
  },
  {
    name: "node",
    version: [["node", "--version"], /v(\S+)/],
    variants: [
      { name: "default", commands: [node(NAME, {})], expected: { ...named, postQuantum: true } },
      {
        name: "two-post-quantum-shares",
        commands: [node(NAME, { ecdhCurve: "*X25519MLKEM768:*SecP384r1MLKEM1024" })],
        expected: { ...named, postQuantum: true },
      },
      {
        name: "secp256r1mlkem768",
        commands: [node(NAME, { ecdhCurve: "SecP256r1MLKEM768" })],
        expected: { ...named, postQuantum: true },
      },
      {
        name: "many-protocols",
        commands: [node(NAME, { ALPNProtocols: Array.from({ length: 12 }, (_, index) => `proto/${index}`) })],
        expected: { ...named, alpn: Array.from({ length: 12 }, (_, index) => `proto/${index}`), postQuantum: true },
      },
    ],
  },
  {
    name: "curl",
    version: [["curl", "--version"], /curl (\S+)/],
    variants: [
      { name: "http2", commands: [curl(`https://${NAME}:{port}/`)], expected: { ...named, alpn: WEB } },
      {
        name: "http1",
        commands: [curl("--http1.1", `https://${NAME}:{port}/`)],
        expected: { ...named, alpn: ["http/1.1"] },
      },
      { name: "address", commands: [curl("https://127.0.0.1:{port}/")], expected: { alpn: WEB } },
      {
        name: "trailing-dot",
        commands: [["curl", "-sk", "--resolve", `${NAME}.:{port}:127.0.0.1`, `https://${NAME}.:{port}/`]],
        expected: { ...named, alpn: WEB },
      },
    ],
  },
  {
    name: "go",
    version: [["go", "version"], /go(\d\S+)/],
    variants: [
      { name: "default", commands: [go(NAME, "default")], expected: { ...named, postQuantum: true } },
      { name: "no-name", commands: [go(NAME, "no-name")], expected: { postQuantum: true } },
      { name: "alpn", commands: [go(NAME, "alpn")], expected: { ...named, alpn: WEB, postQuantum: true } },
      { name: "tls12", commands: [go(NAME, "tls12")], expected: named },
      { name: "classic", commands: [go(NAME, "classic")], expected: named },
      {
        name: "ech",
        commands: [go("secret.example", "ech")],
        expected: { serverName: "public.example", encryptedClientHello: true, postQuantum: true },
      },
      {
        name: "resumption",
        commands: [go(NAME, "resumption")],
        server: "one that gives tickets",
        expected: { ...named, postQuantum: true },
      },
      {
        name: "hello-retry",
        commands: [go(NAME, "default")],
        server: "one that asks for another key share",
        expected: named,
      },
    ],
  },
  {
    name: "python",
    version: [["python3", "--version"], /Python (\S+)/],
    variants: [
      { name: "default", commands: [python(NAME, "-", "-")], expected: named },
      { name: "no-name", commands: [python("-", "-", "-")], expected: {} },
      { name: "alpn", commands: [python(NAME, "http/1.1", "-")], expected: { ...named, alpn: ["http/1.1"] } },
      { name: "tls12", commands: [python(NAME, "-", "TLSv1_2")], expected: named },
    ],
  },
  {
    name: "java",
    version: [["java", "--version"], /openjdk (\S+)/],
    variants: [
      { name: "default", commands: [java(NAME, "-", "-")], expected: named },
      { name: "no-name", commands: [java("-", "-", "-")], expected: {} },
      { name: "alpn", commands: [java(NAME, "h2,http/1.1", "-")], expected: { ...named, alpn: WEB } },
      { name: "tls12", commands: [java(NAME, "-", "TLSv1.2")], expected: named },
    ],
  },
  {
    name: "gnutls",
    version: [["gnutls-cli", "--version"], /gnutls-cli (\S+)/],
    variants: [
      { name: "default", commands: [gnutls("--sni-hostname", NAME)], expected: named },
      { name: "no-name", commands: [gnutls("--disable-sni")], expected: {} },
      {
        name: "alpn",
        commands: [gnutls("--sni-hostname", NAME, "--alpn", "h2")],
        expected: { ...named, alpn: ["h2"] },
      },
      {
        name: "tls12",
        commands: [gnutls("--sni-hostname", NAME, "--priority", "NORMAL:-VERS-ALL:+VERS-TLS1.2")],
        expected: named,
      },
    ],
  },
  {
    name: "chromium",
    version: [["chromium", "--version"], /Chromium (\S+)/],
    variants: [
      {
        name: "default",
        commands: [chromium(`https://${NAME}:{port}/`)],
        expected: { ...named, alpn: WEB, encryptedClientHello: true, postQuantum: true },
      },
      {
        name: "tls12",
        commands: [chromium("--ssl-version-max=tls1.2", `https://${NAME}:{port}/`)],
        expected: { ...named, alpn: WEB },
      },
    ],
  },
  {
    name: "firefox",
    version: [["firefox-esr", "--version"], /Firefox (\S+)/],
    variants: [
      {
        name: "default",
        commands: [["firefox-esr", "--headless", "--profile", "{folder}", `https://${NAME}:{port}/`]],
        expected: { ...named, alpn: WEB, encryptedClientHello: true, postQuantum: true },
      },
    ],
  },
];
