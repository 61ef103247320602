/**
 * Listeners of the model to and from the contract, with their TLS. Pure and total; see resource.ts for what is refused.
 *
 * A Passthrough listener is on the wire what it was in the first version of the contract, so that proxies and operators of
 * different ages agree on it. What came later are new words for `protocol` and `mode`, which older proxies refuse.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ClientValidation, ListenerResource, TerminateTls } from "../../model/proxy-config.ts";
import type {
  ListenerSchema,
  TerminateTlsSchema,
  ClientValidation as WireClientValidation,
  Listener as WireListener,
} from "../generated/control_pb.ts";
import { contradictory, type Decoded, unknown } from "./decoded.ts";

export function listenerToWire(listener: ListenerResource): MessageInitShape<typeof ListenerSchema> {
  const { port, protocol } = listener;
  if (protocol === "TCP") return { port, protocol };
  const { hostname } = listener;
  const named = { port, protocol, ...(hostname === undefined ? {} : { hostname }) };
  if (protocol === "HTTP") return named;
  const { tls } = listener;
  return tls.mode === "Passthrough"
    ? { ...named, mode: tls.mode }
    : { ...named, mode: tls.mode, terminate: terminateToWire(tls) };
}

function terminateToWire(tls: TerminateTls): MessageInitShape<typeof TerminateTlsSchema> {
  const { certificates, clientValidation, backendCertificate } = tls;
  return {
    certificates: [...certificates],
    ...(clientValidation === undefined
      ? {}
      : { clientValidation: { authorities: [...clientValidation.authorities], mode: clientValidation.mode } }),
    ...(backendCertificate === undefined ? {} : { backendCertificate }),
  };
}

export function listenerFromWire(name: string, message: WireListener): Decoded<ListenerResource> {
  const { port, protocol, hostname } = message;
  const base = { kind: "listener", name, port } as const;
  const named = hostname === undefined ? base : { ...base, hostname };
  switch (protocol) {
    case "TCP":
      return { ok: true, value: { ...base, protocol } };
    case "HTTP":
      return { ok: true, value: { ...named, protocol } };
    case "HTTPS": {
      const tls = terminateFromWire(message);
      return tls.ok ? { ok: true, value: { ...named, protocol, tls: tls.value } } : tls;
    }
    case "TLS": {
      if (message.mode === "Passthrough")
        return { ok: true, value: { ...named, protocol, tls: { mode: "Passthrough" } } };
      const tls = terminateFromWire(message);
      return tls.ok ? { ok: true, value: { ...named, protocol, tls: tls.value } } : tls;
    }
    default:
      return unknown(`the protocol "${protocol}"`);
  }
}

function terminateFromWire({ mode, terminate }: WireListener): Decoded<TerminateTls> {
  if (mode !== "Terminate") return unknown(`the TLS mode "${mode}"`);
  if (terminate === undefined) return contradictory("a listener that is to decrypt, without saying how");
  const { certificates, clientValidation, backendCertificate } = terminate;
  const tls: TerminateTls = { mode, certificates, ...(backendCertificate === undefined ? {} : { backendCertificate }) };
  if (clientValidation === undefined) return { ok: true, value: tls };
  const validation = clientValidationFromWire(clientValidation);
  return validation.ok ? { ok: true, value: { ...tls, clientValidation: validation.value } } : validation;
}

function clientValidationFromWire({ authorities, mode }: WireClientValidation): Decoded<ClientValidation> {
  return mode === "AllowValidOnly" || mode === "AllowInsecureFallback"
    ? { ok: true, value: { authorities, mode } }
    : unknown(`the mode of client validation "${mode}"`);
}
