/**
 * The kinds of our own by which files say how connections are taken and passed on: ClientTraffic and BackendTraffic. Strict, with
 * the mend in each message. What a reading yields has its times in milliseconds.
 */
import { z } from "zod";
import { GATEWAY_GROUP, GATEWAY_X_GROUP } from "../../../gateway-api/objects.ts";
import { cidrProblem } from "../../../net/cidr.ts";
import { isDnsName } from "../../../proxy/dns-name.ts";

/** Gateway API's durations (GEP-2257): `10s`, `1h30m`, `250ms`. */
const DURATION = /^([0-9]{1,5}(h|m|s|ms)){1,4}$/;
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
/** The stream carries 32 bits. */
const MAX_DURATION_MS = 0xffff_ffff;

const duration = z.string().transform((text, context) => {
  const parts = DURATION.test(text) ? text.matchAll(/([0-9]+)(ms|h|m|s)/g) : [];
  let sum = 0;
  for (const [, count, unit = ""] of parts) sum += Number(count) * (UNITS[unit] ?? 0);
  if (sum < 1 || sum > MAX_DURATION_MS) {
    context.addIssue({
      code: "custom",
      message: `${JSON.stringify(text)} is no duration: write 250ms, 10s, 5m or 1h30m`,
    });
    return z.NEVER;
  }
  return sum;
});

const count = z.int().min(1).max(0xffff_ffff);

const cidr = z.string().superRefine((text, context) => {
  const problem = cidrProblem(text);
  if (problem !== undefined) {
    context.addIssue({ code: "custom", message: `${JSON.stringify(text)} is no CIDR block: ${problem}` });
  }
});
const cidrs = z.array(cidr).max(1_000);

const gatewayRef = z.strictObject({
  group: z.literal(GATEWAY_GROUP).default(GATEWAY_GROUP),
  kind: z.literal("Gateway"),
  name: z.string().min(1),
  /** One listener of the Gateway's own; absent: all, those of ListenerSets too. */
  sectionName: z.string().min(1).optional(),
});

/** What holds for a Gateway as a whole and cannot be said of one listener. */
const ONLY_WHOLE = ["limits", "keepAlive"] as const;

export const clientTraffic = z
  .strictObject({
    targetRefs: z.array(gatewayRef).min(1).max(16),
    proxyProtocol: z.strictObject({ mode: z.enum(["Required", "Optional"]), trusted: cidrs.min(1) }).optional(),
    allow: cidrs.optional(),
    deny: cidrs.optional(),
    timeOuts: z
      .strictObject({
        hello: duration.optional(),
        idle: duration.optional(),
        halfClosed: duration.optional(),
        maxAge: duration.optional(),
      })
      .optional(),
    limits: z
      .strictObject({
        connections: count.optional(),
        unrouted: count.optional(),
        perClient: count.optional(),
        newConnections: z.strictObject({ perSecond: count, burst: count.optional() }).optional(),
      })
      .optional(),
    keepAlive: duration.optional(),
  })
  .superRefine((spec, context) => {
    if (spec.targetRefs.every(({ sectionName }) => sectionName === undefined)) return;
    const refuse = (...path: string[]) => {
      const message = "holds for a Gateway as a whole: take it out, or take sectionName out of targetRefs";
      context.addIssue({ code: "custom", path, message });
    };
    for (const member of ONLY_WHOLE) if (spec[member] !== undefined) refuse(member);
    if (spec.timeOuts?.hello !== undefined) refuse("timeOuts", "hello");
  });

const backendRef = z.discriminatedUnion("kind", [
  z.strictObject({ group: z.literal("").default(""), kind: z.literal("Service"), name: z.string().min(1) }),
  z.strictObject({
    group: z.literal(GATEWAY_X_GROUP).default(GATEWAY_X_GROUP),
    kind: z.literal("XBackend"),
    name: z.string().min(1),
  }),
]);

const checkTimes = {
  interval: duration.default(10_000),
  timeOut: duration.default(5_000),
  healthyAfter: count.default(2),
  unhealthyAfter: count.default(3),
};
const serverName = z.string().refine(isDnsName, "is no server name: write a host name in lower case, without a port");
const path = z.string().regex(/^\/[\x21-\x7e]*$/, "is no path: begin with / and leave spaces out");

const healthCheck = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("TCP"), ...checkTimes }),
  z.strictObject({ type: z.literal("TLS"), ...checkTimes, serverName: serverName.optional() }),
  z.strictObject({ type: z.literal("HTTPS"), ...checkTimes, serverName, path: path.default("/") }),
]);

const sentProxyProtocol = z.discriminatedUnion("version", [
  z.strictObject({ version: z.literal(1) }),
  z.strictObject({
    version: z.literal(2),
    authority: z.boolean().default(false),
    uniqueId: z.boolean().default(false),
  }),
]);

/** What is about several endpoints, of which a host outside has none that we know. */
const ONLY_ENDPOINTS = ["balance", "ejection", "healthCheck"] as const;

export const backendTraffic = z
  .strictObject({
    targetRefs: z.array(backendRef).min(1).max(16),
    balance: z.enum(["RoundRobin", "LeastConnections", "ConsistentHash"]).optional(),
    proxyProtocol: sentProxyProtocol.optional(),
    timeOuts: z.strictObject({ connect: duration.optional() }).optional(),
    ejection: z
      .strictObject({
        consecutiveFailures: count.default(5),
        base: duration.default(30_000),
        max: duration.default(300_000),
      })
      .optional(),
    healthCheck: healthCheck.optional(),
  })
  .superRefine((spec, context) => {
    const outside = spec.targetRefs.find(({ kind, name }) => kind === "XBackend" || name.includes("."));
    if (outside === undefined) return;
    for (const member of ONLY_ENDPOINTS) {
      if (spec[member] === undefined) continue;
      const message = `is for Services: ${outside.name} is a host outside, whose addresses DNS gives; take one of the two out`;
      context.addIssue({ code: "custom", path: [member], message });
    }
  });

export type ClientTrafficSpec = z.infer<typeof clientTraffic>;
export type BackendTrafficSpec = z.infer<typeof backendTraffic>;
