/** The admin port's pages about proxies, as paths. */
import type { AdminPage } from "../admin/admin-server.ts";
import { type PagesOptions, ProxyPages } from "../proxy/observe/pages/pages.ts";
import { VERSION } from "./version.ts";

export function proxyPages(options: Omit<PagesOptions, "version">): Readonly<Record<string, AdminPage>> {
  const { config, connections, stats } = new ProxyPages({ ...options, version: VERSION });
  return {
    "/config": { read: config, isPrivate: true },
    "/connections": { read: connections, isPrivate: true },
    "/stats": { read: stats, isPrivate: false },
  };
}
