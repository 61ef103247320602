/**
 * What metrics are asked of a proxy when somebody reads them, so that it costs nothing while nobody does.
 */

/** The endpoints of a backend of which something is to be known: it asks for ejection or health checks. */
export interface EndpointHealth {
  /** Name of the BackendResource. */
  readonly backend: string;
  readonly endpoints: number;
  /** Found unfit by health checks. */
  readonly unhealthy: number;
  /** Left out for a time, because connects failed. */
  readonly ejected: number;
}

export interface MetricsSource {
  endpointHealth(): readonly EndpointHealth[];
  /** Has the bytes of open connections counted. Resolves soon, whatever happens. */
  tellMoved(): Promise<void>;
}
