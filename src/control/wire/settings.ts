/**
 * What holds for proxies as a whole, to and from the contract. Pure and total; see resource.ts for what is refused.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SettingsResource } from "../../model/traffic.ts";
import type {
  SettingsSchema,
  SettingsTimeOutsSchema,
  Settings as WireSettings,
  SettingsTimeOuts as WireSettingsTimeOuts,
} from "../generated/control_pb.ts";
import { relayTimeOutsFromWire, relayTimeOutsToWire } from "./client-traffic.ts";
import { type Decoded, present, unknown } from "./decoded.ts";

type TimeOuts = NonNullable<SettingsResource["timeOuts"]>;

export function settingsToWire(settings: SettingsResource): MessageInitShape<typeof SettingsSchema> {
  const { maxConnections, maxUnrouted, maxPerClient, newConnections, timeOuts, keepAliveMs } = settings;
  return {
    ...(maxConnections !== undefined && { maxConnections }),
    ...(maxUnrouted !== undefined && { maxUnrouted }),
    ...(maxPerClient !== undefined && { maxPerClient }),
    ...(newConnections && { newConnections }),
    ...(timeOuts && { timeOuts: timeOutsToWire(timeOuts) }),
    ...(keepAliveMs !== undefined && { keepAliveMs }),
  };
}

function timeOutsToWire(timeOuts: TimeOuts): MessageInitShape<typeof SettingsTimeOutsSchema> {
  const { clientHelloMs, connectMs } = timeOuts;
  return {
    relay: relayTimeOutsToWire(timeOuts),
    ...(clientHelloMs !== undefined && { clientHelloMs }),
    ...(connectMs !== undefined && { connectMs }),
  };
}

export function settingsFromWire(name: string, message: WireSettings): Decoded<SettingsResource> {
  if (name !== "proxy") return unknown(`settings of ${JSON.stringify(name)}`);
  const { maxConnections, maxUnrouted, maxPerClient, newConnections, timeOuts, keepAliveMs } = message;
  const value = present<SettingsResource>({
    kind: "settings",
    name,
    maxConnections,
    maxUnrouted,
    maxPerClient,
    newConnections: newConnections && { perSecond: newConnections.perSecond, burst: newConnections.burst },
    timeOuts: timeOuts && timeOutsFromWire(timeOuts),
    keepAliveMs,
  });
  return { ok: true, value };
}

function timeOutsFromWire({ relay, clientHelloMs, connectMs }: WireSettingsTimeOuts): TimeOuts {
  const own = present<Pick<TimeOuts, "clientHelloMs" | "connectMs">>({ clientHelloMs, connectMs });
  return { ...(relay && relayTimeOutsFromWire(relay)), ...own };
}
