/**
 * What holds for proxies as a whole, to and from the contract. Pure and total; see resource.ts for what is refused.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LoggingSettings, SettingsResource } from "../../model/traffic.ts";
import type {
  LoggingSchema,
  SettingsSchema,
  SettingsTimeOutsSchema,
  Logging as WireLogging,
  Settings as WireSettings,
  SettingsTimeOuts as WireSettingsTimeOuts,
} from "../generated/control_pb.ts";
import { relayTimeOutsFromWire, relayTimeOutsToWire } from "./client-traffic.ts";
import { type Decoded, present, unknown } from "./decoded.ts";

type TimeOuts = NonNullable<SettingsResource["timeOuts"]>;

export function settingsToWire(settings: SettingsResource): MessageInitShape<typeof SettingsSchema> {
  const { maxConnections, maxUnrouted, maxPerClient, newConnections, timeOuts, keepAliveMs, logging } = settings;
  return {
    ...(maxConnections !== undefined && { maxConnections }),
    ...(maxUnrouted !== undefined && { maxUnrouted }),
    ...(maxPerClient !== undefined && { maxPerClient }),
    ...(newConnections && { newConnections }),
    ...(timeOuts && { timeOuts: timeOutsToWire(timeOuts) }),
    ...(keepAliveMs !== undefined && { keepAliveMs }),
    ...(logging && { logging: loggingToWire(logging) }),
  };
}

const LEVELS: Record<NonNullable<LoggingSettings["level"]>, true> = {
  debug: true,
  info: true,
  warn: true,
  error: true,
};
const FORMATS: Record<NonNullable<LoggingSettings["format"]>, true> = { json: true, text: true };

function loggingToWire({ level, format, refusedPerSecond }: LoggingSettings): MessageInitShape<typeof LoggingSchema> {
  return {
    ...(level !== undefined && { level }),
    ...(format !== undefined && { format }),
    ...(refusedPerSecond !== undefined && { refusedPerSecond }),
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
  const logging = message.logging && loggingFromWire(message.logging);
  if (logging?.ok === false) return logging;
  const value = present<SettingsResource>({
    kind: "settings",
    name,
    maxConnections,
    maxUnrouted,
    maxPerClient,
    newConnections: newConnections && { perSecond: newConnections.perSecond, burst: newConnections.burst },
    timeOuts: timeOuts && timeOutsFromWire(timeOuts),
    keepAliveMs,
    logging: logging?.value,
  });
  return { ok: true, value };
}

function timeOutsFromWire({ relay, clientHelloMs, connectMs }: WireSettingsTimeOuts): TimeOuts {
  const own = present<Pick<TimeOuts, "clientHelloMs" | "connectMs">>({ clientHelloMs, connectMs });
  return { ...(relay && relayTimeOutsFromWire(relay)), ...own };
}

function loggingFromWire({ level, format, refusedPerSecond }: WireLogging): Decoded<LoggingSettings> {
  if (level !== undefined && !isOneOf(LEVELS, level)) return unknown(`the log level "${level}"`);
  if (format !== undefined && !isOneOf(FORMATS, format)) return unknown(`the log format "${format}"`);
  return { ok: true, value: present<LoggingSettings>({ level, format, refusedPerSecond }) };
}

function isOneOf<Word extends string>(words: Record<Word, true>, word: string): word is Word {
  return Object.hasOwn(words, word);
}
