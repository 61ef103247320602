// `helm test`: asks admission, as the API server does, about a route that can never work. A TLS handshake that is verified by the
// operator's own authority, and a refusal that says why, are what passes.
import { readFileSync } from "node:fs";
import { request } from "node:https";

const ATTEMPTS = 10;
const host = process.argv.at(-1);

const route = {
  apiVersion: "gateway.networking.k8s.io/v1",
  kind: "TLSRoute",
  metadata: { name: "helm-test", namespace: "default" },
  spec: {
    // A parent that is not there may become ours, so that its routes are judged.
    parentRefs: [{ name: "helm-test" }],
    hostnames: ["a.example"],
    rules: [{ backendRefs: [{ name: "https://a.example", port: 443 }] }],
  },
};
const review = {
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    uid: "helm-test",
    kind: { group: "gateway.networking.k8s.io", version: "v1", kind: "TLSRoute" },
    resource: { group: "gateway.networking.k8s.io", version: "v1", resource: "tlsroutes" },
    name: "helm-test",
    namespace: "default",
    operation: "CREATE",
    userInfo: {},
    object: route,
  },
};

function ask() {
  return new Promise((resolve, reject) => {
    const ca = readFileSync("/ca/ca.crt");
    const headers = { "content-type": "application/json" };
    const sent = request(
      { host, path: "/validate/fsm-gateway", method: "POST", ca, headers, timeout: 5000 },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part) => (text += part));
        response.on("end", () => resolve({ code: response.statusCode, text }));
      },
    );
    sent.on("timeout", () => sent.destroy(new Error("no answer within 5 s"))).on("error", reject);
    sent.end(JSON.stringify(review));
  });
}

for (let attempt = 1; ; attempt++) {
  try {
    const { code, text } = await ask();
    const { allowed, status } = JSON.parse(text).response ?? {};
    process.stdout.write(`admission answers ${code}: ${JSON.stringify(status)}\n`);
    process.exit(code === 200 && allowed === false ? 0 : 1);
  } catch (error) {
    process.stdout.write(`attempt ${attempt}: ${error.message}\n`);
    if (attempt === ATTEMPTS) process.exit(1);
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}
