// Processes that run many attempts of one task, one after the other.
//
// A process is for attempts of the same task in the same code, with the same start. It gets its next attempt when it has
// reported that nothing of the last one is left; one that failed, was stopped or left something running has ended instead.
// More processes are started when attempts wait and none of the processes becomes free: many small attempts share few.

import { availableParallelism } from "node:os";
import { sha256, type CancelTimer, type Clock } from "@memodag/core";
import type { RunOrder } from "./protocol.ts";
import { ReusedProcess, type ReusedLoan } from "./reused-process.ts";
import type { WarmWorkers, WorkerShape } from "./warm-workers.ts";

/** Settings of {@link ReusedWorkers}. */
export interface ReusedWorkersOptions {
  readonly clock: Clock;
  readonly warm: WarmWorkers;
}

/** Milliseconds without a process that became free, after which attempts that wait get one more. */
const WAIT_MS = 50;

/** Processes of a task that start at once: more would take longer. */
const STARTS_AT_ONCE = availableParallelism();

/** Milliseconds after which a process ends that no attempt has asked for. */
const IDLE_MS = 30_000;

/** The processes of one task. */
interface Place {
  readonly shape: WorkerShape;
  readonly idle: ReusedProcess[];
  readonly waiting: Set<(given: ReusedLoan) => void>;
  starting: number;
  /** Processes that run an attempt. */
  busy: number;
  cancelWait: CancelTimer;
  cancelIdle: CancelTimer;
}

/** Lends processes to attempts. */
export class ReusedWorkers {
  readonly #options: ReusedWorkersOptions;
  readonly #places = new Map<string, Place>();

  constructor(options: ReusedWorkersOptions) {
    this.#options = options;
  }

  /** Lends a process to the attempt: one that is idle, one that will be soon, or a new one. */
  async take(order: RunOrder, shape: WorkerShape): Promise<ReusedLoan> {
    const id = placeId(order, shape);
    const place = this.#placeOf(id, shape);
    place.cancelIdle();
    for (let idle = place.idle.pop(); idle; idle = place.idle.pop()) {
      if (await idle.isReady()) return this.#lend(id, place, idle);
      void idle.close();
    }
    const { promise, resolve } = Promise.withResolvers<ReusedLoan>();
    place.waiting.add(resolve);
    if (place.busy + place.starting === 0) this.#startNext(id, place);
    else if (place.waiting.size === 1) this.#armWait(id, place);
    return await promise;
  }

  /** Ends all processes that are idle. Call it when no attempt runs. */
  async close(): Promise<void> {
    await Promise.all([...this.#places.values()].map(async (place) => await endIdle(place)));
  }

  #placeOf(id: string, shape: WorkerShape): Place {
    let place = this.#places.get(id);
    if (!place) {
      place = {
        idle: [],
        waiting: new Set(),
        starting: 0,
        busy: 0,
        cancelWait: () => undefined,
        cancelIdle: () => undefined,
        shape,
      };
      this.#places.set(id, place);
    }
    return place;
  }

  /** Starts a process for the attempt that has waited longest. */
  #startNext(id: string, place: Place): void {
    const [next] = place.waiting;
    if (!next || place.starting >= STARTS_AT_ONCE) return;
    place.waiting.delete(next);
    place.starting += 1;
    void this.#startFor(next, id, place);
  }

  async #startFor(next: (given: ReusedLoan) => void, id: string, place: Place): Promise<void> {
    const started = await this.#start(place.shape);
    place.starting -= 1;
    next(this.#lend(id, place, started));
    this.#armWait(id, place);
  }

  /** Resolves when the process is ready, or has turned out not to become so. */
  async #start(shape: WorkerShape): Promise<ReusedProcess> {
    const started = new ReusedProcess(await this.#options.warm.takeForMany(shape));
    await started.isReady();
    return started;
  }

  #armWait(id: string, place: Place): void {
    place.cancelWait();
    if (place.waiting.size === 0) return;
    place.cancelWait = this.#options.clock.after(WAIT_MS, () => {
      this.#startNext(id, place);
      this.#armWait(id, place);
    });
  }

  #lend(id: string, place: Place, one: ReusedProcess): ReusedLoan {
    place.busy += 1;
    return one.lend((hasEnded) => {
      place.busy -= 1;
      if (!hasEnded) this.#giveBack(id, place, one);
      else if (place.busy + place.starting === 0) this.#startNext(id, place);
    });
  }

  #giveBack(id: string, place: Place, one: ReusedProcess): void {
    const [next] = place.waiting;
    if (next) {
      place.waiting.delete(next);
      next(this.#lend(id, place, one));
      this.#armWait(id, place);
      return;
    }
    place.idle.push(one);
    place.cancelIdle();
    place.cancelIdle = this.#options.clock.after(IDLE_MS, () => {
      void endIdle(place);
      if (place.busy + place.starting === 0) this.#places.delete(id);
    });
  }
}

async function endIdle(place: Place): Promise<void> {
  place.cancelIdle();
  await Promise.all(place.idle.splice(0).map(async (one) => await one.close()));
}

/** Everything that may differ between attempts of a process does: its instance, its run, its arguments. */
function placeId({ attempt, environment }: RunOrder, shape: WorkerShape): string {
  const { team, dagId, taskId, file, artifactDigest, memoryBytes } = attempt;
  // Packages are not in the artifact: a process has those of the time when it loaded them.
  const code = [artifactDigest, attempt.sourceHash];
  // A cached attempt is watched by what it declares, from before its code is loaded.
  const { declaredEnv, declaredFiles, trust, inputs } = attempt;
  const watched = [declaredEnv, declaredFiles, trust, inputs, sha256(JSON.stringify(environment))];
  const { bundle, path } = file;
  return JSON.stringify([team, dagId, taskId, bundle, path, code, memoryBytes, watched, shape]);
}
