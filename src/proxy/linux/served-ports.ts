/**
 * Which ports the linux engine serves itself: those whose connections are all passed on as they are. Where one listener
 * decrypts or answers HTTP, the portable engine serves the port. Pure.
 */
import type { ListenerResource } from "../../model/proxy-config.ts";
import type { RouteTable } from "../route/route-table.ts";

export type ServedBy = "linux" | "portable";

/** Of each port that has a listener. */
export function servedPorts(table: RouteTable): Map<number, ServedBy> {
  const ports = new Map<number, ServedBy>();
  for (const { resource } of table.listeners.values()) {
    if (ports.get(resource.port) !== "portable") ports.set(resource.port, servedBy(resource));
  }
  return ports;
}

function servedBy(listener: ListenerResource): ServedBy {
  switch (listener.protocol) {
    case "TCP":
      return "linux";
    case "TLS":
      return listener.tls.mode === "Passthrough" ? "linux" : "portable";
    case "HTTP":
    case "HTTPS":
      return "portable";
  }
}
