// Sees all pods of a selector, and each change of one, whatever connections and versions are lost.

import { messageOf, type Clock, type Logger } from "@memodag/core";
import { Watch, type V1Pod } from "@kubernetes/client-node";
import type { Cluster } from "./cluster.ts";
import { listAll } from "./list-all.ts";

const GONE = 410;

/** Between two watches, so that a server that ends them at once is not flooded. */
const PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** Hears of pods. */
export interface PodListener {
  /** Called with each pod that there is, and again with each change. */
  onPod(pod: V1Pod): void;
  onGone(name: string): void;
}

/** Watches until it is closed. */
export class PodWatch {
  readonly #cluster: Cluster;
  readonly #selector: string;
  readonly #listener: PodListener;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  readonly #loop: Promise<void>;
  #names = new Set<string>();

  constructor(
    cluster: Cluster,
    selector: string,
    { clock, log }: { readonly clock: Clock; readonly log: Logger },
    listener: PodListener,
  ) {
    this.#cluster = cluster;
    this.#selector = selector;
    this.#listener = listener;
    this.#clock = clock;
    this.#log = log;
    this.#loop = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    let version: string | undefined;
    let pauseMs = PAUSE_MS;
    while (!this.#closing.signal.aborted) {
      try {
        version ??= await this.#list();
        version = await this.#watch(version);
        pauseMs = PAUSE_MS;
      } catch (error) {
        version = undefined;
        if (pauseMs === PAUSE_MS)
          this.#log.warn("pods cannot be watched", { place: this.#cluster.place, reason: messageOf(error) });
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
      await this.#pause(pauseMs);
    }
  }

  /** Returns the version of the list. */
  async #list(): Promise<string | undefined> {
    const { pods, namespace } = this.#cluster;
    const labelSelector = this.#selector;
    const { items, version } = await listAll((page) =>
      pods.listNamespacedPod({ namespace, labelSelector, ...page }),
    );
    const names = new Set(items.map(({ metadata }) => metadata?.name ?? ""));
    for (const name of this.#names) if (!names.has(name)) this.#listener.onGone(name);
    this.#names = names;
    for (const pod of items) this.#listener.onPod(pod);
    return version;
  }

  /** Returns the version to go on from; undefined if the server has forgotten it. */
  async #watch(version: string | undefined): Promise<string | undefined> {
    const { config, namespace } = this.#cluster;
    const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
    let last = version;
    const request = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/pods`,
      { labelSelector: this.#selector, resourceVersion: version, allowWatchBookmarks: true },
      (phase: string, object: V1Pod & { readonly code?: number }) => {
        if (phase === "ERROR") {
          end({ statusCode: object.code });
          return;
        }
        last = object.metadata?.resourceVersion ?? last;
        this.#hear(phase, object);
      },
      end,
    );
    const abort = (): void => {
      request.abort();
      end(null);
    };
    this.#closing.signal.addEventListener("abort", abort, { once: true });
    if (this.#closing.signal.aborted) abort();
    const error = await ended;
    this.#closing.signal.removeEventListener("abort", abort);
    request.abort();
    if ((error as { readonly statusCode?: unknown } | null)?.statusCode === GONE) return undefined;
    // A watch without any event for a while, or one that the server ends, goes on where it was.
    if (error instanceof Error && error.name !== "TimeoutError") throw error;
    return last;
  }

  #hear(phase: string, pod: V1Pod): void {
    const name = pod.metadata?.name ?? "";
    if (phase === "DELETED") {
      this.#names.delete(name);
      this.#listener.onGone(name);
    } else if (phase !== "BOOKMARK") {
      this.#names.add(name);
      this.#listener.onPod(pod);
    }
  }

  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.#clock.after(ms, resolve);
    this.#closing.signal.addEventListener("abort", () => resolve(), { once: true });
    if (this.#closing.signal.aborted) resolve();
    await promise;
    stop();
  }
}
