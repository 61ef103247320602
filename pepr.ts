/**
 * The Pepr module: names its capabilities, nothing else. `pepr build` reads it for the webhook rules; the operator starts the
 * same capabilities itself, with its own certificates and life cycle (src/operator/pepr).
 */
import { PeprModule } from "pepr";
import { admissionCapability } from "./capabilities/admission.ts";
import { gatewayCapability } from "./capabilities/gateway.ts";
import manifest from "./package.json" with { type: "json" };

const admitted = () => ({ warnings: [] });

new PeprModule(manifest, [
  gatewayCapability({ isServed: true, changed: () => undefined }),
  admissionCapability(admitted),
]);
