/** What a listener's protocol and TLS mode mean here: how its connections begin, which routes it takes, or why it is not served. */
import { GATEWAY_GROUP, type Listener, type RouteGroupKind } from "../../gateway-api/objects.ts";
import type { RouteKind } from "../../model/plan.ts";
import type { PortKind } from "../../model/proxy-config.ts";

/** A protocol that is served. */
export interface Speech {
  readonly protocol: "TLS" | "HTTPS" | "HTTP" | "TCP";
  /** Do we decrypt, and so need certificates? */
  readonly terminates: boolean;
  readonly portKind: PortKind;
  readonly routeKinds: readonly RouteGroupKind[];
}

export interface NotServed {
  readonly reason: "UnsupportedProtocol" | "UnsupportedValue";
  readonly message: string;
}

/** `decrypts`: false where no Secret is read, so that nothing can be decrypted. */
export function speechOf({ protocol, tls }: Listener, decrypts: boolean): Speech | NotServed {
  switch (protocol) {
    case "TLS":
      return tlsSpeech(tls?.mode ?? "Terminate", decrypts);
    case "HTTPS":
      return decrypts ? httpsSpeech(tls?.mode ?? "Terminate") : HTTPS_IS_OFF;
    case "HTTP":
      return speech("HTTP", "HTTP", "HTTPRoute", false);
    case "TCP":
      return speech("TCP", "TCP", "TCPRoute", false);
    default: {
      const message = `Protocol ${protocol} is not served: choose ${decrypts ? "TLS, TCP, HTTPS or HTTP" : "TLS, TCP or HTTP"}`;
      return { reason: "UnsupportedProtocol", message };
    }
  }
}

/** What an operator says that was started with `--terminate=false`. */
const DECRYPTING_IS_OFF = "decrypting is switched off in this installation (--terminate=false)";

const TERMINATE_IS_OFF: NotServed = {
  reason: "UnsupportedValue",
  message: `tls.mode Terminate is not served: ${DECRYPTING_IS_OFF}; choose Passthrough`,
};

const HTTPS_IS_OFF: NotServed = {
  reason: "UnsupportedProtocol",
  message: `Protocol HTTPS is not served: ${DECRYPTING_IS_OFF}; choose TLS with mode Passthrough, TCP or HTTP`,
};

function tlsSpeech(mode: string, decrypts: boolean): Speech | NotServed {
  if (mode === "Terminate" && !decrypts) return TERMINATE_IS_OFF;
  if (mode === "Passthrough" || mode === "Terminate") return speech("TLS", "TLS", "TLSRoute", mode === "Terminate");
  return { reason: "UnsupportedValue", message: `tls.mode ${mode} is not served: choose Passthrough or Terminate` };
}

function httpsSpeech(mode: string): Speech | NotServed {
  if (mode === "Terminate") return speech("HTTPS", "TLS", "HTTPRoute", true);
  const message = `tls.mode ${mode} is not served with protocol HTTPS: choose protocol TLS, or mode Terminate`;
  return { reason: "UnsupportedValue", message };
}

function speech(protocol: Speech["protocol"], portKind: PortKind, kind: RouteKind, terminates: boolean): Speech {
  return { protocol, terminates, portKind, routeKinds: [{ group: GATEWAY_GROUP, kind }] };
}
