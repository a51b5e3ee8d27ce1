// Worker processes that were started ahead of their attempts. Each runs one attempt, as any other worker does.
//
// Starting Node takes longer than most small tasks. A process that waits has loaded the worker and nothing of a task,
// and has the environment, folder and Node options of the attempts it waits for: an attempt that needs other ones does
// not get it. As many wait as attempts came before, up to the limit: a single attempt starts none.

import { closeSync, openSync } from "node:fs";
import { availableParallelism, devNull } from "node:os";
import type { CancelTimer, Clock, Live } from "@memodag/core";
import type { AttemptCgroups } from "./attempt-cgroup.ts";
import type { FrameLimits } from "./frame.ts";
import type { OrphanGuard } from "./orphan-guard.ts";
import { WarmWorker } from "./warm-worker.ts";

/** The start of a process. It is for attempts that need exactly the same. */
export interface WorkerShape {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly nodeOptions: readonly string[];
  readonly limits: FrameLimits;
}

/** Settings of {@link WarmWorkers}. */
export interface WarmWorkersOptions {
  /** Maximum number of processes that wait. 0: none are started ahead. */
  readonly limit: Live<number>;
  /** Part of the environment of all processes. */
  readonly mark: string;
  readonly clock: Clock;
  readonly guard: OrphanGuard;
  readonly cgroups: AttemptCgroups;
}

/** Milliseconds after which the processes of a shape end that no attempt has asked for. */
const IDLE_MS = 60_000;

/** Milliseconds after which a process that waits is replaced: what it loaded may have changed on the disk. */
const MAX_AGE_MS = 300_000;

/** Milliseconds for which none of a shape is started after one ended by itself. */
const REST_MS = 30_000;

/** Milliseconds after an attempt in which it has the processor for itself, if enough processes wait for the next ones. */
const QUIET_MS = 200;

/** So many are replaced at once. */
const MOST_NEEDED_AT_ONCE = 2;

/** Leaves a core to the attempts that run. */
const STARTS_AT_ONCE = Math.max(1, availableParallelism() - 1);

/** Node options of an environment that load no code and open no port. */
const HARMLESS_OPTION =
  /^--(?:max-[a-z-]+|no-warnings|disable-warning|trace-warnings|enable-source-maps|use-system-ca|dns-result-order|stack-trace-limit|unhandled-rejections)(?:=|$)/;

/** The processes of one shape, oldest first. */
interface Place {
  readonly shape: WorkerShape;
  readonly waiting: Set<WarmWorker>;
  /** Attempts that have asked since the shape was last idle. */
  attempts: number;
  /** Which call asked for it last. */
  usedAt: number;
  takenAt: number;
  restsUntil: number;
  cancelIdle: CancelTimer;
}

/** Keeps processes ready. */
export class WarmWorkers {
  readonly #options: WarmWorkersOptions;
  readonly #places = new Map<string, Place>();
  readonly #ending = new Set<Promise<void>>();
  #started = 0;
  #takes = 0;
  #starting = 0;
  #isClosed = false;
  #cancelFill: CancelTimer = () => undefined;

  constructor(options: WarmWorkersOptions) {
    this.#options = options;
  }

  /** Returns a process for an attempt of this shape; `undefined` if none waits. */
  async take(shape: WorkerShape): Promise<WarmWorker | undefined> {
    if (this.#isClosed || this.#options.limit() <= 0 || !isQuiet(shape)) return undefined;
    const place = this.#placeOf(shape);
    place.attempts += 1;
    place.usedAt = this.#takes += 1;
    place.takenAt = this.#options.clock.monotonic();
    this.#rest(place);
    try {
      return await this.#takeWaiting(place);
    } finally {
      this.#fill();
    }
  }

  async #takeWaiting(place: Place | undefined): Promise<WarmWorker | undefined> {
    for (const worker of place?.waiting ?? []) {
      place?.waiting.delete(worker);
      if (this.#isTooOld(worker)) this.#end(worker);
      else if (await worker.isReady()) return worker;
      else this.#end(worker);
    }
    return undefined;
  }

  /** Returns a process for many attempts: one that waits, or a new one. None is started in its place. */
  async takeForMany(shape: WorkerShape): Promise<WarmWorker> {
    return (await this.#takeWaiting(this.#places.get(JSON.stringify(shape)))) ?? this.#startNow(shape);
  }

  #startNow(shape: WorkerShape): WarmWorker {
    const worker = new WarmWorker(this.#options.clock);
    void this.#startWorker(worker, shape).catch(() => undefined);
    return worker;
  }

  /** Number of processes that wait. */
  get size(): number {
    return [...this.#places.values()].reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  /** Ends all processes that wait. None is started after that. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelFill();
    for (const place of this.#places.values()) this.#clear(place);
    await Promise.all(this.#ending);
  }

  #placeOf(shape: WorkerShape): Place {
    const id = JSON.stringify(shape);
    let place = this.#places.get(id);
    if (!place) {
      place = {
        shape,
        waiting: new Set(),
        attempts: 0,
        usedAt: 0,
        takenAt: 0,
        restsUntil: 0,
        cancelIdle: () => undefined,
      };
      this.#places.set(id, place);
    }
    return place;
  }

  /** Starts what is missing, of the shape first that was asked for last. */
  #fill(): void {
    this.#cancelFill();
    const { limit: limitOf, clock } = this.#options;
    const limit = limitOf();
    const places = [...this.#places.values()].toSorted((a, b) => b.usedAt - a.usedAt);
    for (const place of places) {
      const wanted = Math.min(limit, place.attempts - 1);
      while (place.waiting.size < wanted) {
        if (this.#isClosed || this.#starting >= STARTS_AT_ONCE) return;
        if (clock.monotonic() < place.restsUntil) break;
        if (this.#isQuiet(place, wanted)) {
          this.#cancelFill = clock.after(QUIET_MS, () => this.#fill());
          return;
        }
        if (!this.#hasRoom(place, limit)) return;
        void this.#start(place);
      }
    }
  }

  /** True while attempts come and do not need another process yet. */
  #isQuiet({ waiting, takenAt }: Place, wanted: number): boolean {
    const isEnough = waiting.size >= Math.max(MOST_NEEDED_AT_ONCE, wanted / 4);
    return isEnough && this.#options.clock.monotonic() - takenAt < QUIET_MS;
  }

  /** Makes room for one more, if need be in place of one of a shape that was asked for longer ago. */
  #hasRoom(place: Place, limit: number): boolean {
    if (this.size < limit) return true;
    const [other] = [...this.#places.values()]
      .filter(({ waiting, usedAt }) => waiting.size > 0 && usedAt < place.usedAt)
      .toSorted((a, b) => a.usedAt - b.usedAt);
    const [worker] = other?.waiting ?? [];
    if (!other || !worker) return false;
    other.waiting.delete(worker);
    this.#end(worker);
    return true;
  }

  async #start(place: Place): Promise<void> {
    const { clock } = this.#options;
    this.#starting += 1;
    const worker = new WarmWorker(clock);
    place.waiting.add(worker);
    try {
      await this.#startWorker(worker, place.shape);
      void worker.ended.then(() => this.#ended(place, worker));
      if (!(await worker.isReady())) place.restsUntil = clock.monotonic() + REST_MS;
    } catch {
      place.waiting.delete(worker);
      place.restsUntil = clock.monotonic() + REST_MS;
    }
    this.#starting -= 1;
    this.#fill();
  }

  async #startWorker(worker: WarmWorker, shape: WorkerShape): Promise<void> {
    const { clock, guard, cgroups, mark } = this.#options;
    this.#started += 1;
    // It prints nothing before it has an attempt, whose log then takes the place of this.
    const logFd = openSync(devNull, "a");
    const marked = { mark: `${mark}w${this.#started}`, logFd };
    await worker.start({ ...shape, ...marked, clock, guard, cgroups }).finally(() => closeSync(logFd));
  }

  /** Called for one that was taken as well. */
  #ended(place: Place, worker: WarmWorker): void {
    if (!place.waiting.delete(worker)) return;
    place.restsUntil = this.#options.clock.monotonic() + REST_MS;
  }

  #isTooOld({ startedAt }: WarmWorker): boolean {
    return this.#options.clock.monotonic() - startedAt > MAX_AGE_MS;
  }

  #end(worker: WarmWorker): void {
    worker.kill();
    this.#ending.add(worker.ended);
    void worker.ended.then(() => this.#ending.delete(worker.ended));
  }

  #clear(place: Place): void {
    place.cancelIdle();
    place.attempts = 0;
    for (const worker of place.waiting) this.#end(worker);
    place.waiting.clear();
  }

  #rest(place: Place): void {
    place.cancelIdle();
    place.cancelIdle = this.#options.clock.after(IDLE_MS, () => {
      this.#clear(place);
      this.#places.delete(JSON.stringify(place.shape));
    });
  }
}

/** True if Node itself does nothing with these options that an attempt's log or folder would show. */
function isQuiet({ env }: WorkerShape): boolean {
  const options = (env["NODE_OPTIONS"] ?? "").split(/\s+/).filter((option) => option !== "");
  return options.every((option) => HARMLESS_OPTION.test(option));
}
