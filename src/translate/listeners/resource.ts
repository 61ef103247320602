/** A listener as the proxies get it. */
import { ANY_HOSTNAME } from "../../gateway-api/hostname.ts";
import type { ListenerResource, TerminateTls } from "../../model/proxy-config.ts";
import type { ServableDraft } from "./draft.ts";

/** `tls`: how it decrypts; nothing comes of a listener that should and cannot. */
export function resourceOf(
  name: string,
  { listener, hostname, speech }: ServableDraft,
  tls: TerminateTls | undefined,
): ListenerResource | undefined {
  const place = { kind: "listener", name, port: listener.port } as const;
  const named = hostname !== ANY_HOSTNAME && { hostname };
  switch (speech.protocol) {
    case "TCP":
      return { ...place, protocol: "TCP" };
    case "HTTP":
      return { ...place, protocol: "HTTP", ...named };
    case "HTTPS":
      return tls && { ...place, protocol: "HTTPS", ...named, tls };
    case "TLS": {
      const settings = speech.terminates ? tls : ({ mode: "Passthrough" } as const);
      return settings && { ...place, protocol: "TLS", ...named, tls: settings };
    }
  }
}
