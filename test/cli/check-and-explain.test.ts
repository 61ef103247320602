/** `fsm-gateway check` and `explain` as a user or CI meets them: exit codes, and where the words go. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const EXAMPLES = ["gateway.yaml", "tlsroute.yaml"].map((name) =>
  join(import.meta.dirname, "../../examples/tls-passthrough", name),
);
const TRAFFIC = ["gateway.yaml", "traffic.yaml"].map((name) =>
  join(import.meta.dirname, "../../examples/traffic", name),
);
const folder = mkdtempSync(join(tmpdir(), "fsm-gateway-test-"));
after(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  return runWith({}, ...args);
}

function runWith(environment: NodeJS.ProcessEnv, ...args: string[]) {
  const env = { ...process.env, ...environment };
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", input: "", env });
}

test("a file that is not there, no file, a wrong channel: exit code 2", () => {
  const missing = run("check", join(folder, "missing.yaml"));
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /missing\.yaml:1: cannot be read: there is no such file/);
  assert.equal(run("check").status, 2);
  assert.match(run("check", "--channel", "beta", "x.yaml").stderr, /Allowed choices are standard, experimental/);
});

test("explain: the walkthrough's route serves every name; exit code 0, and JSON for programs", () => {
  const text = run("explain", "httpbin.org", ...EXAMPLES);
  assert.equal(text.status, 0, text.stderr);
  assert.match(
    text.stdout,
    /port 8000: served\n {2}listener .*\n {2}route +TLSRoute\/\S+\/tcp-route\n {2}backend +\S+ \(100 %\): httpbin\.org:443\n/,
  );
  const { version, serverName, explanations } = JSON.parse(run("explain", "-", "-o", "json", ...EXAMPLES).stdout);
  assert.deepEqual([version, serverName, explanations[0].outcome], [1, null, { action: "serve" }]);
});

test("explain: nothing listens there, or a file is no YAML", () => {
  const nobody = run("explain", "a.example", "--port", "9", ...EXAMPLES);
  assert.equal(nobody.status, 1);
  assert.match(nobody.stdout, /refused: no Gateway of ours has a listener on port 9/);
  const broken = join(folder, "broken.yaml");
  writeFileSync(broken, "a: [1");
  assert.equal(run("explain", "a.example", broken).status, 2);
  assert.equal(run("explain", "a.example", "--port", "x", ...EXAMPLES).status, 2);
});

test("explain: what a listener asks of its clients, and whether it takes one of this address", () => {
  const ask = (...args: string[]) => run("explain", "shop.example.com", "--port", "8443", ...args, ...TRAFFIC);
  const anyone = ask();
  assert.match(
    anyone.stdout,
    /: served\n {2}listener {2}default\/edge\/tls\n {2}clients {3}denied: 203\.0\.113\.0\/24\n {2}clients {3}named by a PROXY header from 127\.0\.0\.0\/8, 10\.0\.0\.0\/8, which is required\n/,
    anyone.stderr,
  );
  const denied = ask("--client", "203.0.113.9");
  assert.match(denied.stdout, /: refused: client_denied\n/);
  assert.equal(denied.status, 1);
  assert.deepEqual([ask("--client", "198.51.100.9").status, anyone.status], [0, 0]);
  const postgres = run("explain", "-", "--port", "5432", "--client", "198.51.100.9", ...TRAFFIC);
  assert.match(
    postgres.stdout,
    /: refused: client_denied\n.*\n {2}clients {3}allowed: 192\.0\.2\.0\/24, 2001:db8::\/32\n/,
  );
  assert.match(ask("--client", "nobody").stderr, /"nobody" is not an IP address/);
});

test("explain: goes by the same policy for external hosts as the operator", () => {
  const policy = ["--external-hosts-allowed-names=example.com"];
  const explained = run("explain", "httpbin.org", ...policy, ...EXAMPLES);
  assert.match(explained.stdout, /the reference cannot be used: RefNotPermitted/, explained.stderr);
});

test("explain: the result comes first, and a URL or name:port is understood", () => {
  const url = run("explain", "https://httpbin.org:8000/get", ...EXAMPLES);
  assert.equal(url.status, 0, url.stderr);
  assert.match(url.stdout, /^httpbin\.org: served by Gateway \S+, port 8000\n/);
  const elsewhere = run("explain", "httpbin.org:9", ...EXAMPLES);
  assert.equal(elsewhere.status, 1);
  assert.match(elsewhere.stdout, /^httpbin\.org: refused: no Gateway of ours has a listener on port 9\n/);
  assert.equal(run("explain", "httpbin.org:9", "--port", "8000", ...EXAMPLES).status, 2);
});

test("explain: a name that proxies refuse is one line with a hint, and exit code 2", () => {
  for (const name of ["127.0.0.1", "a..b", "1234", "*.example.com", "http://a.example"]) {
    const { status, stderr, stdout } = run("explain", name, ...EXAMPLES);
    assert.deepEqual([status, stdout], [2, ""], name);
    assert.match(stderr, /^[^\n]+\n$/, name);
    assert.ok(stderr.includes(`"${name}"`), stderr);
  }
});

test("explain: a missing kubeconfig or context is one line, and exit code 2", () => {
  const missing = join(folder, "no-such-kubeconfig");
  const kubeconfig = join(folder, "kubeconfig");
  const contexts = [{ name: "kind", context: { cluster: "c", user: "u" } }];
  const clusters = [{ name: "c", cluster: { server: "https://127.0.0.1:1" } }];
  writeFileSync(kubeconfig, JSON.stringify({ clusters, contexts, users: [{ name: "u", user: {} }] }));
  const cases: [stderr: RegExp, result: ReturnType<typeof run>][] = [
    [/there is no kubeconfig .*no-such-kubeconfig: /, run("explain", "a.example", "--kubeconfig", missing)],
    [/there is no kubeconfig .*no-such-kubeconfig: /, runWith({ KUBECONFIG: missing }, "explain", "a.example")],
    [/there is no kubeconfig .*\.kube\/config: /, runWith({ KUBECONFIG: "", HOME: folder }, "explain", "a.example")],
    [/no context "none"; it has kind/, run("explain", "a.example", "--kubeconfig", kubeconfig, "--context", "none")],
    [/current-context/, run("explain", "a.example", "--kubeconfig", kubeconfig)],
    [/ECONNREFUSED/, run("explain", "a.example", "--kubeconfig", kubeconfig, "--context", "kind")],
  ];
  for (const [stderr, result] of cases) {
    assert.equal(result.status, 2, result.stderr);
    assert.match(result.stderr, stderr);
    assert.match(result.stderr, /^the cluster cannot be read: [^\n]+\n$/);
  }
});
