// The dispatch engine on Kubernetes: each attempt is a Job, whose pod is the worker of this attempt alone.

import { messageOf } from "@memodag/core";
import type {
  DispatchEngine,
  DispatchNotice,
  EngineOptions,
  TroubleListener,
} from "@memodag/remote-executor";
import type { V1Job } from "@kubernetes/client-node";
import { attemptJob, jobName, selectorOf, type JobSettings } from "./attempt-job.ts";
import { clusterFailure, statusOf, type Cluster } from "./cluster.ts";
import { forEachAtOnce } from "./for-each-at-once.ts";
import { listAll } from "./list-all.ts";
import { optionsInvalid } from "./options.ts";
import type { PodTemplates } from "./pod-templates.ts";
import { PodWatch } from "./pod-watch.ts";
import { TroubleDesk } from "./trouble-desk.ts";

/** Requests to the API server at once: more than that it answers with 429. */
const AT_ONCE = 16;

/** A Job that is over is deleted before the next one of its name is made, which another scheduler may do too. */
const MOST_TRIES = 4;

const NOT_STARTED =
  "its pod ended with exit code 0, and did not start it: look at the pod's log, at `command` of the template, and whether " +
  "the worker's token is for this queue and team";

const NOT_FOUND = 404;
const CONFLICT = 409;

/** How pods are made, and given up. */
export interface EngineSettings extends JobSettings {
  readonly templates: PodTemplates;
  readonly unschedulableMs: number;
}

type Place = Pick<DispatchNotice, "attemptId">;

/** The Jobs of a namespace whose names begin with a prefix. */
export class KubernetesEngine implements DispatchEngine {
  readonly #cluster: Cluster;
  readonly #settings: EngineSettings;
  readonly #options: Pick<EngineOptions, "clock" | "log">;
  #tellTrouble: TroubleListener | undefined;
  #desk: TroubleDesk | undefined;
  #watch: PodWatch | undefined;

  constructor(
    cluster: Cluster,
    settings: EngineSettings,
    { clock, log }: Pick<EngineOptions, "clock" | "log">,
  ) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#options = { clock, log };
  }

  async publish(notices: readonly DispatchNotice[]): Promise<void> {
    await this.#forEach("create a Job", notices, (notice) => this.#create(notice));
  }

  /** Deletes Jobs whose pods have not started. */
  async withdraw(attempts: readonly Place[]): Promise<void> {
    await this.#forEach("delete a Job", attempts, async ({ attemptId }) => {
      const job = await this.#find(attemptId);
      // A change between the look and the deletion, such as a pod that starts, prevents it.
      if (job && !hasStarted(job))
        await this.#delete(job, { resourceVersion: job.metadata?.resourceVersion });
    });
  }

  async listKnown(attempts: readonly Place[]): Promise<ReadonlySet<string>> {
    if (attempts.length === 0) return new Set();
    const { jobs, namespace } = this.#cluster;
    const labelSelector = selectorOf(this.#settings.prefix);
    try {
      const { items } = await listAll((page) =>
        jobs.listNamespacedJob({ namespace, labelSelector, ...page }),
      );
      const names = new Set(items.filter((job) => !isGone(job)).map(({ metadata }) => metadata?.name));
      const isKnown = ({ attemptId }: Place): boolean => names.has(this.#nameOf(attemptId));
      return new Set(attempts.filter(isKnown).map(({ attemptId }) => attemptId));
    } catch (error) {
      throw clusterFailure(error, this.#cluster, "list Jobs");
    }
  }

  onTrouble(listener: TroubleListener): void {
    this.#tellTrouble = listener;
    const { prefix, unschedulableMs } = this.#settings;
    const { clock, log } = this.#options;
    this.#desk = new TroubleDesk(clock, unschedulableMs, (attemptId, reason) => {
      listener(attemptId, reason);
      // The attempt is made again under another id: this one is not to start when its image is there at last.
      this.withdraw([{ attemptId }]).catch((error: unknown) =>
        log.warn("a Job that cannot start is left", { attemptId, reason: messageOf(error) }),
      );
    });
    this.#watch = new PodWatch(this.#cluster, selectorOf(prefix), { clock, log }, this.#desk);
  }

  async check(): Promise<readonly string[]> {
    await this.listKnown([{ attemptId: "check" }]);
    return [];
  }

  capacity(queue: string): number {
    return this.#settings.templates.find(queue)?.capacity ?? 0;
  }

  async close(): Promise<void> {
    await this.#watch?.close();
    this.#desk?.close();
  }

  async #create(notice: DispatchNotice): Promise<void> {
    const { jobs, namespace } = this.#cluster;
    const pods = this.#settings.templates.find(notice.queue);
    if (!pods)
      throw optionsInvalid("the pod templates are not complete", [
        `queues: there is none for queue "${notice.queue}", and none for "*"`,
      ]);
    const body = attemptJob(notice, pods.template, this.#settings);
    for (let tries = 1; ; tries += 1) {
      try {
        await jobs.createNamespacedJob({ namespace, body });
        return;
      } catch (error) {
        if (statusOf(error) !== CONFLICT || tries === MOST_TRIES) throw error;
      }
      const job = await this.#find(notice.attemptId);
      if (job && !isGone(job)) return;
      // An attempt that is published again waits: a pod that ended well did not start it, and the next one would not either.
      if (job && this.#tellTrouble && hasConditionOf(job, "Complete")) {
        this.#tellTrouble(notice.attemptId, NOT_STARTED, "waiting");
        return;
      }
      if (job) await this.#delete(job, { uid: job.metadata?.uid });
    }
  }

  async #find(attemptId: string): Promise<V1Job | undefined> {
    const { jobs, namespace } = this.#cluster;
    try {
      return await jobs.readNamespacedJob({ namespace, name: this.#nameOf(attemptId) });
    } catch (error) {
      if (statusOf(error) === NOT_FOUND) return undefined;
      throw error;
    }
  }

  /** Deletes a Job with its pods, if it is still the one that was seen. */
  async #delete(
    { metadata }: V1Job,
    seen: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
  ): Promise<void> {
    const { jobs, namespace } = this.#cluster;
    const preconditions = Object.fromEntries(Object.entries(seen).filter(([, value]) => value !== undefined));
    try {
      await jobs.deleteNamespacedJob({
        namespace,
        name: metadata?.name ?? "",
        body: { propagationPolicy: "Background", preconditions },
      });
    } catch (error) {
      const status = statusOf(error);
      if (status !== NOT_FOUND && status !== CONFLICT) throw error;
    }
  }

  #nameOf(attemptId: string): string {
    return jobName(this.#settings.prefix, attemptId);
  }

  async #forEach<T>(use: string, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    try {
      await forEachAtOnce(AT_ONCE, items, work);
    } catch (error) {
      throw clusterFailure(error, this.#cluster, use);
    }
  }
}

/** Its attempt is over, or is deleted: it can be published again. */
function isGone(job: V1Job): boolean {
  return (
    hasConditionOf(job, "Complete") ||
    hasConditionOf(job, "Failed") ||
    job.metadata?.deletionTimestamp !== undefined
  );
}

function hasConditionOf({ status }: V1Job, wanted: "Complete" | "Failed"): boolean {
  return status?.conditions?.some(({ type, status: holds }) => type === wanted && holds === "True") === true;
}

function hasStarted({ status }: V1Job): boolean {
  const { ready = 0, succeeded = 0, failed = 0 } = status ?? {};
  return ready + succeeded + failed > 0;
}
