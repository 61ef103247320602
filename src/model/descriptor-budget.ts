/** Reserves descriptors for the process itself, so that clients' connections and its own descriptors cannot exhaust each other. */

/** Connections of the kubelet, Prometheus and a few users. Each lasts seconds. */
export const MAX_ADMIN_CONNECTIONS = 64;
