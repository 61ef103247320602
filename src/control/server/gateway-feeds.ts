/**
 * Which configuration each Gateway has and which proxies listen to it. Bookkeeping only; no socket, no timer.
 *
 * A Gateway is known here while it has a configuration or a proxy, so that what is forgotten costs nothing.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Cause } from "../../model/cause.ts";
import type { ProxyConfig } from "../../model/proxy-config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import type { ProxyIdentity } from "./authentication.ts";
import { PublishedConfig } from "./published-config.ts";

/** What a feed needs of a stream. */
export interface FeedStream {
  readonly report: ProxyReport | undefined;
  /** For how long the proxy has not taken up something that was published, in ms; 0 when it has everything. */
  readonly lagMs: number;
  /** Something was published. */
  wake(): void;
  end(error?: ConnectError): void;
  dispose(): void;
}

/** A proxy as the stream sees it, for people and metrics. */
export interface SubscriberView {
  readonly gateway: string;
  readonly proxyId: string;
  /** Revision that it should serve; undefined before the Gateway's first configuration. */
  readonly published: string | undefined;
  readonly report: ProxyReport | undefined;
  readonly lagMs: number;
}

interface Feed {
  published: PublishedConfig | undefined;
  readonly streams: Map<string, FeedStream>;
}

export class GatewayFeeds {
  readonly #feeds = new Map<string, Feed>();
  readonly #onGone: (gateway: string, proxyId: string) => void;

  constructor(onGone: (gateway: string, proxyId: string) => void) {
    this.#onGone = onGone;
  }

  publish(gateway: string, config: ProxyConfig, cause?: Cause): void {
    const feed = this.#feed(gateway);
    if (feed.published?.revision === config.revision) return;
    feed.published = new PublishedConfig(config, cause);
    for (const stream of feed.streams.values()) stream.wake();
  }

  retract(gateway: string): void {
    const feed = this.#feeds.get(gateway);
    if (feed === undefined) return;
    feed.published = undefined;
    this.#forgetIfUnused(gateway, feed);
  }

  published(gateway: string): PublishedConfig | undefined {
    return this.#feeds.get(gateway)?.published;
  }

  subscribers(gateway: string): { readonly proxyId: string; readonly report: ProxyReport | undefined }[] {
    const streams = this.#feeds.get(gateway)?.streams ?? new Map<string, FeedStream>();
    return [...streams].map(([proxyId, { report }]) => ({ proxyId, report }));
  }

  /** Every proxy of every Gateway. */
  overview(): readonly SubscriberView[] {
    return [...this.#feeds].flatMap(([gateway, { published, streams }]) =>
      [...streams].map(([proxyId, { report, lagMs }]) => ({
        gateway,
        proxyId,
        published: published?.revision,
        report,
        lagMs,
      })),
    );
  }

  /**
   * The newest stream of a proxy replaces one before it: that is a connection whose death was not noticed yet.
   * Returns how to leave.
   */
  join({ gateway, proxyId }: ProxyIdentity, stream: FeedStream): () => void {
    const feed = this.#feed(gateway);
    feed.streams.get(proxyId)?.end(new ConnectError("the proxy has subscribed anew", Code.Aborted));
    feed.streams.set(proxyId, stream);
    return () => {
      stream.dispose();
      if (feed.streams.get(proxyId) !== stream) return;
      feed.streams.delete(proxyId);
      this.#forgetIfUnused(gateway, feed);
      this.#onGone(gateway, proxyId);
    };
  }

  /** Ends every stream with this error and forgets every configuration. */
  endAll(error: ConnectError): void {
    for (const [gateway, feed] of [...this.#feeds]) {
      feed.published = undefined;
      for (const stream of feed.streams.values()) stream.end(error);
      this.#forgetIfUnused(gateway, feed);
    }
  }

  #feed(gateway: string): Feed {
    const known = this.#feeds.get(gateway);
    if (known !== undefined) return known;
    const feed: Feed = { published: undefined, streams: new Map() };
    this.#feeds.set(gateway, feed);
    return feed;
  }

  #forgetIfUnused(gateway: string, feed: Feed): void {
    if (feed.published === undefined && feed.streams.size === 0) this.#feeds.delete(gateway);
  }
}
