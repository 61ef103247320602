/**
 * How a listener takes its clients, to and from the contract. Pure and total; see resource.ts for what is refused.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { AcceptedProxyProtocol, ClientTraffic, RelayTimeOuts } from "../../model/traffic.ts";
import type {
  ClientTrafficSchema,
  RelayTimeOutsSchema,
  AcceptedProxyProtocol as WireAcceptedProxyProtocol,
  ClientTraffic as WireClientTraffic,
  RelayTimeOuts as WireRelayTimeOuts,
} from "../generated/control_pb.ts";
import { type Decoded, present, unknown } from "./decoded.ts";

export function clientToWire(client: ClientTraffic): MessageInitShape<typeof ClientTrafficSchema> {
  const { proxyProtocol, allow, deny, timeOuts } = client;
  return {
    ...(proxyProtocol && { proxyProtocol: { mode: proxyProtocol.mode, trusted: [...proxyProtocol.trusted] } }),
    ...(allow && { allow: { cidrs: [...allow] } }),
    ...(deny && { deny: { cidrs: [...deny] } }),
    ...(timeOuts && { timeOuts: relayTimeOutsToWire(timeOuts) }),
  };
}

export function clientFromWire(message: WireClientTraffic): Decoded<ClientTraffic> {
  const { proxyProtocol, allow, deny, timeOuts } = message;
  const accepted = proxyProtocol && acceptedFromWire(proxyProtocol);
  if (accepted?.ok === false) return accepted;
  const value = present<ClientTraffic>({
    proxyProtocol: accepted?.value,
    allow: allow?.cidrs,
    deny: deny?.cidrs,
    timeOuts: timeOuts && relayTimeOutsFromWire(timeOuts),
  });
  return { ok: true, value };
}

function acceptedFromWire({ mode, trusted }: WireAcceptedProxyProtocol): Decoded<AcceptedProxyProtocol> {
  return mode === "required" || mode === "optional"
    ? { ok: true, value: { mode, trusted } }
    : unknown(`the PROXY protocol "${mode}"`);
}

export function relayTimeOutsToWire(timeOuts: RelayTimeOuts): MessageInitShape<typeof RelayTimeOutsSchema> {
  const { idleMs, halfClosedMs, maxAgeMs } = timeOuts;
  return {
    ...(idleMs !== undefined && { idleMs }),
    ...(halfClosedMs !== undefined && { halfClosedMs }),
    ...(maxAgeMs !== undefined && { maxAgeMs }),
  };
}

export function relayTimeOutsFromWire({ idleMs, halfClosedMs, maxAgeMs }: WireRelayTimeOuts): RelayTimeOuts {
  return present<RelayTimeOuts>({ idleMs, halfClosedMs, maxAgeMs });
}
