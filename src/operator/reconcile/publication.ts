/**
 * The first half of the operator's work: snapshot → plan → stream. It never waits, so that a change reaches the proxies at once,
 * whatever is being written meanwhile; what is to be written is the other half's (writing.ts), which reads the newest plan here.
 */
import type { ControlServer } from "../../control/server/server.ts";
import { type EndpointSlice, type Gateway, serviceKey } from "../../gateway-api/objects.ts";
import type { Plan } from "../../model/plan.ts";
import { GroupIndex } from "../../translate/incremental/group-index.ts";
import { Translator } from "../../translate/translator.ts";
import type { OperatorInformers } from "../informer/operator-informers.ts";
import type { InstalledBundle } from "../kube/bundle.ts";
import type { ProxyReports } from "../observe/proxies.ts";
import type { SettledPorts } from "../observe/settled-ports.ts";
import { type SnapshotSettings, takeSnapshot } from "../observe/snapshot.ts";
import { addRolloutWaits } from "../rollout/add-rollout-waits.ts";
import type { RolloutPacer } from "../rollout/rollout-pacer.ts";
import type { ChangeTrail, PassTrail } from "../trail.ts";
import type { Acknowledgements, Publications } from "./acknowledgements.ts";
import { withPublishedSettings } from "./published-settings.ts";
import { ReferenceReader } from "./reference-reader.ts";
import { newsOfRefusals, type Refusals, withRefusals } from "./refusals.ts";

export interface PublicationParts {
  readonly informers: OperatorInformers;
  readonly bundle: InstalledBundle;
  readonly reports: ProxyReports;
  readonly ports: SettledPorts;
  readonly stream: Pick<ControlServer, "publish" | "retract">;
  readonly acknowledgements: Acknowledgements;
  readonly trail: Pick<ChangeTrail, "begin">;
  /** Namespaces in which Secrets and ConfigMaps are read; undefined: all. */
  readonly certificateNamespaces: ReadonlySet<string> | undefined;
  readonly rollouts: Pick<RolloutPacer, "waits">;
  readonly settings: SnapshotSettings;
  /** Field manager of the objects that are applied for Gateways. */
  readonly fieldManager: string;
}

/** What came of a snapshot. */
export interface Published {
  readonly plan: Plan;
  /** Of the snapshot: ours and others'. */
  readonly gateways: readonly Gateway[];
  /** Gateways with Pods that take connections and have not been heard, by `namespace/name`. */
  readonly silent: ReadonlyMap<string, readonly string[]>;
  /**
   * Gateways, by `namespace/name`, that refer to objects that are not read yet. Nothing of them is published or written before that.
   */
  readonly waiting: ReadonlySet<string>;
  /** What the proxies must have taken up before the plan's statuses are true. */
  readonly publications: Publications;
}

export class Publication {
  readonly #parts: PublicationParts;
  /** Keeps what it made of the last snapshot. */
  readonly #translator = new Translator();
  readonly #references: ReferenceReader;
  readonly #slices = new GroupIndex<EndpointSlice>((slice) => [serviceKey(slice)]);
  /** Revisions by Gateway. */
  #revisions: ReadonlyMap<string, string> = new Map();
  #newest: Published | undefined;
  /** What the API server last refused to apply. */
  #refusals: Refusals = new Map();

  constructor(parts: PublicationParts) {
    this.#parts = parts;
    this.#references = new ReferenceReader(parts.informers.of, parts.certificateNamespaces);
  }

  /** Undefined before the first. */
  get newest(): Published | undefined {
    return this.#newest;
  }

  run(): void {
    const { informers, reports, ports, bundle, acknowledgements, trail, rollouts, settings, fieldManager } =
      this.#parts;
    const pass = trail.begin();
    this.#slices.update(informers.of.endpointSlices.items());
    const slicesOf = (service: string) => this.#slices.get(service) ?? [];
    const { snapshot, silent } = takeSnapshot(
      informers,
      reports,
      ports,
      bundle.current?.version,
      slicesOf,
      settings,
      fieldManager,
    );
    const known = withPublishedSettings(snapshot, this.#newest?.plan);
    const observed = addRolloutWaits(withRefusals(known, this.#refusals), rollouts.waits);
    const { certificateNamespaces } = this.#parts;
    const plan = this.#translator.translate({
      ...observed,
      ...(certificateNamespaces !== undefined && { certificateNamespaces }),
    });
    const waiting = this.#references.demand(this.#translator);
    pass.published(this.#publish(plan, pass, waiting));
    this.#newest = { plan, gateways: snapshot.gateways, silent, waiting, publications: acknowledgements.newest() };
  }

  /** What the API server refuses now: the next plan says so. Answers what of it is news. */
  refused(refusals: Refusals): ReturnType<typeof newsOfRefusals> {
    const news = newsOfRefusals(this.#refusals, refusals);
    this.#refusals = refusals;
    return news;
  }

  /** Forgets what was published: another replica may have changed it by the time this one leads again. */
  forget(): void {
    for (const key of this.#revisions.keys()) this.#parts.acknowledgements.retracted(key);
    this.#revisions = new Map();
    this.#newest = undefined;
    this.#refusals = new Map();
    this.#references.release();
  }

  /** Returns what is other than before. */
  #publish(plan: Plan, { cause }: PassTrail, waiting: ReadonlySet<string>): ReadonlyMap<string, string> {
    const { stream, acknowledgements } = this.#parts;
    const before = this.#revisions;
    const revisions = new Map<string, string>();
    for (const [key, { config }] of plan.gateways) {
      const revision = waiting.has(key) ? before.get(key) : config.revision;
      if (revision !== undefined) revisions.set(key, revision);
    }
    this.#revisions = revisions;
    for (const [key, { config }] of plan.gateways) {
      if (revisions.get(key) !== config.revision || before.get(key) === config.revision) continue;
      acknowledgements.published(key, config.revision);
      stream.publish(key, config, cause);
    }
    for (const key of before.keys()) {
      if (plan.gateways.has(key)) continue;
      stream.retract(key);
      acknowledgements.retracted(key);
    }
    return new Map([...this.#revisions].filter(([key, revision]) => before.get(key) !== revision));
  }
}
