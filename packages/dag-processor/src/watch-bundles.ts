// Keeps the store up to date with bundles while their files are edited.

import { join, resolve, sep } from "node:path";
import { messageOf, systemClock, type CancelTimer, type Clock } from "@memodag/core";
import type { FSWatcher, watch as watchPath } from "chokidar";
import type { DagBundle } from "./dag-bundle.ts";
import type { BundleSummary, DagProcessor } from "./dag-processor.ts";
import { isIgnoredFolder } from "./find-dag-files.ts";

/** Options of a watch, and its listeners. */
export interface WatchOptions {
  /** Called after every pass, including the first. */
  readonly onProcessed?: (summary: BundleSummary) => void;
  /**
   * Called if a pass fails as a whole, for example because the database is unavailable. It is retried.
   */
  readonly onError?: (bundle: DagBundle, error: Error) => void;
  /**
   * Milliseconds from a change to the pass that processes it together with other changes. Default: 50.
   */
  readonly debounceMs?: number;
  /**
   * Milliseconds between passes if no changes are reported, for file systems without notifications.
   * Default: 30,000.
   */
  readonly rescanMs?: number;
  readonly clock?: Clock;
}

/** A watch that continues until it is stopped. */
export interface BundleWatch {
  /** Resolves when the current pass has ended and watching has stopped. */
  stop(): Promise<void>;
}

/**
 * Processes the bundles once, then whatever changes in them or in outside files that they import.
 * Resolves after the first pass. Changes are determined by content: touching a file only costs a check.
 */
export async function watchBundles(
  processor: DagProcessor,
  bundles: readonly DagBundle[],
  options: WatchOptions = {},
): Promise<BundleWatch> {
  await processor.forgetOtherBundles(bundles);
  // Most commands read Dag files without watching them.
  const { watch } = await import("chokidar");
  const watches = bundles.map((bundle) => new OneBundle(processor, bundle, options, watch));
  await Promise.all(watches.map((one) => one.start()));
  return {
    async stop() {
      await Promise.all(watches.map((one) => one.stop()));
    },
  };
}

class OneBundle {
  readonly #processor: DagProcessor;
  readonly #bundle: DagBundle;
  readonly #options: WatchOptions;
  readonly #clock: Clock;
  readonly #root: string;
  readonly #watcher: FSWatcher;
  readonly #watchedOutside = new Set<string>();
  #cancelTimer: CancelTimer = () => {};
  #passing: Promise<void> | null = null;
  #changed = false;
  #stopped = false;

  constructor(processor: DagProcessor, bundle: DagBundle, options: WatchOptions, watch: typeof watchPath) {
    this.#processor = processor;
    this.#bundle = bundle;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#root = resolve(bundle.path);
    this.#watcher = watch(this.#root, {
      ignoreInitial: true,
      ignored: (path) => this.#isIgnored(path),
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((ready) => void this.#watcher.once("ready", ready));
    this.#watcher.on("all", () => this.#noteChange());
    this.#watcher.on("error", (error) => this.#fail(error));
    await this.#pass();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#watcher.close();
    await this.#passing;
  }

  /** Inside the bundle, folders without sources are ignored. Outside, every requested path is watched. */
  #isIgnored(path: string): boolean {
    if (!path.startsWith(join(this.#root, sep)) || this.#watchedOutside.has(path)) return false;
    return path
      .slice(this.#root.length + 1)
      .split(sep)
      .some(isIgnoredFolder);
  }

  /**
   * The first change starts the delay, so that continuous changes do not postpone the pass indefinitely.
   */
  #noteChange(): void {
    if (this.#stopped || this.#changed) return;
    this.#changed = true;
    if (!this.#passing) this.#passIn(this.#options.debounceMs ?? 50);
  }

  #passIn(ms: number): void {
    this.#cancelTimer();
    if (!this.#stopped) this.#cancelTimer = this.#clock.after(ms, () => void this.#pass());
  }

  async #pass(): Promise<void> {
    if (this.#stopped || this.#passing) return;
    this.#changed = false;
    this.#passing = this.#process();
    await this.#passing;
    this.#passing = null;
    // Files that changed during the pass may have been read too early.
    this.#passIn(this.#changed ? (this.#options.debounceMs ?? 50) : (this.#options.rescanMs ?? 30_000));
  }

  async #process(): Promise<void> {
    try {
      const summary = await this.#processor.processBundle(this.#bundle);
      this.#watchOutside(summary.outside);
      this.#options.onProcessed?.(summary);
    } catch (error) {
      this.#fail(error);
    }
  }

  #watchOutside(paths: readonly string[]): void {
    for (const path of paths) {
      if (this.#watchedOutside.has(path)) continue;
      this.#watchedOutside.add(path);
      this.#watcher.add(path);
    }
  }

  #fail(error: unknown): void {
    this.#options.onError?.(this.#bundle, error instanceof Error ? error : new Error(messageOf(error)));
  }
}
