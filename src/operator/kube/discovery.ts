/**
 * Which kinds the cluster serves, and at which version. An absent kind is a value: `undefined`. Answers are shared for a
 * moment, so that all informers of a group ask once, and are read anew after that: a CRD installed later is found without a
 * restart. It holds no list of wanted kinds and never decides what their absence means.
 */
import type { Clock } from "../../loop/clock.ts";
import { isApiError } from "./api-error.ts";
import type { KubeClient } from "./client.ts";
import { groupVersionPath, type ResourceType } from "./resource.ts";

/** Long enough for informers that start or reconnect together, short against every interval of theirs. */
const SHARED_FOR_MS = 1_000;

/** A kind at whatever version. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** metav1.APIGroup, as far as it is read. */
interface ApiGroup {
  readonly versions: readonly { readonly version: string }[];
}

/** metav1.APIResourceList, as far as it is read. */
interface ApiResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

interface Answer {
  readonly askedAtMs: number;
  readonly types: Promise<readonly ResourceType[]>;
}

export class Discovery {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #groups = new Map<string, Answer>();

  constructor(client: KubeClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The kind at the most stable version that is served, or undefined. @throws ApiError other than NotFound. */
  async resolve(wanted: GroupKind): Promise<ResourceType | undefined> {
    const types = await this.#typesOf(wanted.group);
    return preferred(types.filter((type) => type.kind === wanted.kind));
  }

  /** All served versions of a kind, most stable first. @throws ApiError other than NotFound. */
  async versionsOf(wanted: GroupKind): Promise<readonly ResourceType[]> {
    const types = await this.#typesOf(wanted.group);
    return types.filter((type) => type.kind === wanted.kind).sort(byStability);
  }

  /** The next question is asked anew: for a watch or list that met a 404. */
  invalidate(): void {
    this.#groups.clear();
  }

  #typesOf(group: string): Promise<readonly ResourceType[]> {
    const known = this.#groups.get(group);
    if (known !== undefined && this.#clock.nowMs() - known.askedAtMs < SHARED_FOR_MS) return known.types;
    const types = readGroup(this.#client, group);
    const answer: Answer = { askedAtMs: this.#clock.nowMs(), types };
    this.#groups.set(group, answer);
    types.catch(() => {
      if (this.#groups.get(group) === answer) this.#groups.delete(group);
    });
    return types;
  }
}

/** v1 before v1beta1 before v1alpha3 before v1alpha2. */
export function preferred(types: readonly ResourceType[]): ResourceType | undefined {
  return [...types].sort(byStability)[0];
}

/** Everything that a named (not the core) group serves; empty when the group is not there. */
async function readGroup(client: KubeClient, group: string): Promise<ResourceType[]> {
  const served = await absentAs(
    { versions: [] },
    client.request<ApiGroup>({ method: "GET", path: `/apis/${encodeURIComponent(group)}` }),
  );
  const lists = await Promise.all(served.versions.map(({ version }) => readVersion(client, group, version)));
  return lists.flat();
}

async function readVersion(client: KubeClient, group: string, version: string) {
  const path = groupVersionPath(group, version);
  const list = await absentAs({ resources: [] }, client.request<ApiResourceList>({ method: "GET", path }));
  return list.resources
    .filter(({ name }) => !name.includes("/"))
    .map(({ name, kind, namespaced }): ResourceType => ({ group, version, kind, plural: name, namespaced }));
}

async function absentAs<T>(absent: T, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    if (isApiError(error, "NotFound")) return absent;
    throw error;
  }
}

/** Kubernetes' version priority: stable, then beta, then alpha; within each the higher first; others last. */
function byStability(a: ResourceType, b: ResourceType): number {
  const [x, y] = [stability(a.version), stability(b.version)];
  for (let i = 0; i < x.length; i++) {
    const difference = (y[i] ?? 0) - (x[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.version < b.version ? -1 : 1;
}

/** [maturity, major, minor], each the greater the better. */
function stability(version: string): readonly number[] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return [-1, 0, 0];
  const [, major, stage, minor] = match;
  const maturity = stage === undefined ? 2 : stage === "beta" ? 1 : 0;
  return [maturity, Number(major), Number(minor ?? 0)];
}
