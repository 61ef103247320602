/**
 * Everything that imports Pepr at once, behind the one dynamic import of start.ts: Pepr reads its settings when it is imported. A
 * module of ours stands between, because bundlers give a dynamically imported CommonJS package no named exports.
 */
export { Log, PeprModule } from "pepr";
export { admissionCapability } from "../../../capabilities/admission.ts";
export { gatewayCapability } from "../../../capabilities/gateway.ts";
