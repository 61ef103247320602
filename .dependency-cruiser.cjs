/** The import graph of the house: docs/ARCHITECTURE.md says why each wall is there. */
const TESTS = "\\.test\\.ts$|/testing/|/manual-clock\\.ts$|/silent-log\\.ts$|/fault-server\\.ts$";
/** Rooms that decide and never act: no I/O, no clock. SHA-256 is a function, and the one of node's modules they may use. */
const PURE =
  "^src/(gateway-api|model|translate|infra|admission|explain)/|^src/proxy/(tls|route|proxy-protocol|balance|admit)/|^src/control/delta\\.ts$";

module.exports = {
  forbidden: [
    {
      name: "pure-rooms-do-no-io",
      comment: "A pure room imports plain data and other pure rooms only.",
      severity: "error",
      from: { path: PURE, pathNot: TESTS },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?crypto$" },
    },
    {
      name: "pure-rooms-import-pure-rooms",
      severity: "error",
      from: { path: PURE, pathNot: TESTS },
      to: { pathNot: [PURE, "^src/net/", "^src/proxy/dns-name\\.ts$", "^(node:)?crypto$"] },
    },
    {
      name: "net-parses-addresses-only",
      comment:
        "Of node's modules it has functions and types only: isIP is a function of its argument, and a BlockList is memory.",
      severity: "error",
      from: { path: "^src/net/", pathNot: TESTS },
      to: { pathNot: "^src/net/|^(node:)?net$" },
    },
    {
      name: "check-is-given-what-it-judges",
      comment:
        "Texts and definitions come in from the command; of node's modules it has functions only (isIP, isDeepStrictEqual).",
      severity: "error",
      from: { path: "^src/check/", pathNot: `${TESTS}|^src/check/definitions-file\\.ts$` },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?(net|util)$" },
    },
    {
      name: "model-and-gateway-api-are-the-ground",
      severity: "error",
      from: { path: "^src/(gateway-api|model)/", pathNot: TESTS },
      to: { path: "^(src|capabilities|hack|test)/", pathNot: "^src/(gateway-api|model)/" },
    },
    {
      name: "only-the-operator-talks-to-kubernetes",
      severity: "error",
      from: { pathNot: "^src/operator/|^capabilities/|^pepr\\.ts$|^src/logging/pepr|^test/|^hack/" },
      to: { path: "node_modules/(@kubernetes/client-node|kubernetes-fluent-client|pepr)/" },
    },
    {
      name: "the-data-plane-stands-alone",
      comment: "The proxy knows neither Kubernetes nor the stream: both are given to it.",
      severity: "error",
      from: { path: "^src/proxy/", pathNot: TESTS },
      to: { path: "^(src|capabilities)/", pathNot: "^src/(proxy|model|net)/" },
    },
    {
      name: "the-stream-stands-alone",
      severity: "error",
      from: { path: "^src/control/", pathNot: TESTS },
      to: { path: "^(src|capabilities)/", pathNot: "^src/(control|model|net)/" },
    },
    {
      name: "nothing-imports-the-command",
      severity: "error",
      from: { pathNot: "^src/cli/|^hack/|^test/" },
      to: { path: "^src/cli/" },
    },
    {
      name: "the-product-needs-no-tools-or-tests",
      severity: "error",
      from: { path: "^(src|capabilities)/|^pepr\\.ts$", pathNot: TESTS },
      to: { path: "^(hack|test)/" },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "declared-dependencies-only",
      severity: "error",
      from: { path: "^(src|capabilities)/|^pepr\\.ts$", pathNot: TESTS },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "one-module-holds-pointers",
      comment:
        "Whatever reaches into memory by node:ffi is in libc.ts, small enough to be read whole; and a call each of two modules of tests.",
      severity: "error",
      from: { pathNot: "^src/proxy/linux/libc\\.ts$|^test/wire/(deaf-socket|urgent)\\.ts$" },
      to: { path: "^(node:)?ffi$" },
    },
    {
      name: "everything-resolves",
      comment: "node:ffi is younger than the list of node's modules that the cruiser goes by.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true, pathNot: "^(node:)?ffi$" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
