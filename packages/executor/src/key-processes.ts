// The processes that call key functions: warm, one for each artifact that is asked about, and few.

import { randomBytes } from "node:crypto";
import { dirname, join, resolve as resolvePath } from "node:path";
import {
  messageOf,
  readAttemptInputs,
  type ArtifactSource,
  type AttemptResult,
  type CancelTimer,
  type Clock,
  type KeyAnswer,
  type KeyAnswers,
  type KeyMaker,
  type KeyOrder,
  type ValueReader,
} from "@memodag/core";
import { ArtifactFiles } from "./artifact-files.ts";
import { AttemptCgroups } from "./attempt-cgroup.ts";
import type { AskKeys } from "./key-protocol.ts";
import { KeyProcess } from "./key-process.ts";
import { OrphanGuard } from "./orphan-guard.ts";
import { workerEnvironment } from "./worker-environment.ts";

/** Settings of {@link KeyProcesses}. */
export interface KeyProcessesOptions {
  /** Processes at a time, at most; at least 1. */
  readonly maxProcesses: number;
  /** Folder of artifact files; created when needed. */
  readonly artifactsDir: string;
  readonly artifacts: ArtifactSource;
  /** Provides the results of upstream tasks. */
  readonly values: ValueReader;
  readonly ordinaryEnv: readonly string[];
  readonly nodeOptions: readonly string[];
  readonly clock: Clock;
  readonly cgroups?: AttemptCgroups;
  /** Milliseconds after which a process that is not asked is ended. Default: 30,000. */
  readonly idleMs?: number;
  /** Returns the folder of a bundle, in which processes run. */
  bundlePath(bundleName: string): string;
}

const DEFAULT_IDLE_MS = 30_000;

/** An order waits for its turn for so many times the time that it may take itself. */
const TURNS = 10;

/** Orders of one artifact that are late in a row, after which it is not asked for a while. */
const MOST_LATE = 3;
const REST_MS = 30_000;

/** How often questions are asked whose process ended: the first time, and once in a new process. */
const MOST_ENDS = 2;

/** One artifact that is asked about, with its processes and orders. */
interface Place {
  readonly waiting: Turn[];
  process: KeyProcess | undefined;
  isBusy: boolean;
  usedAt: number;
  cancelIdle: CancelTimer;
  lateInARow: number;
  restsUntil: number;
}

/** An order that waits for its turn. `false`: its turn did not come in time. */
type Turn = (hasCome: boolean) => void;

/** Answers questions to key functions. The order of orders of one artifact is kept. */
export class KeyProcesses implements KeyMaker {
  readonly runtime: string = `node ${process.version}`;
  readonly #options: KeyProcessesOptions;
  readonly #artifacts: ArtifactFiles;
  readonly #mark = `${randomBytes(12).toString("hex")}.`;
  readonly #guard: OrphanGuard;
  readonly #cgroups: AttemptCgroups;
  readonly #places = new Map<string, Place>();
  #started = 0;
  #orders = 0;
  #isClosed = false;

  constructor(options: KeyProcessesOptions) {
    this.#options = options;
    this.#artifacts = new ArtifactFiles(options.artifactsDir, options.artifacts);
    this.#guard = new OrphanGuard({ mark: this.#mark, folder: "" });
    this.#cgroups = options.cgroups ?? new AttemptCgroups();
  }

  async ask(order: KeyOrder, timeoutMs: number): Promise<KeyAnswers> {
    const { file, artifactDigest, inputs } = order;
    const id = JSON.stringify([file.bundle, file.path, artifactDigest, inputs ?? null]);
    const place = this.#places.get(id) ?? newPlace();
    this.#places.set(id, place);
    if (this.#options.clock.monotonic() < place.restsUntil) return allOf(order, { kind: "late" });
    if (!(await this.#turn(place, timeoutMs * TURNS))) return allOf(order, { kind: "late" });
    try {
      return await this.#askIn(place, order, timeoutMs);
    } catch (error) {
      return allOf(order, { kind: "failed", what: messageOf(error) });
    } finally {
      place.isBusy = false;
      this.#rest(id, place);
      this.#giveTurns();
    }
  }

  /** Ends all processes; what is asked then fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const processes = [...this.#places.values()].flatMap((place) => {
      place.cancelIdle();
      return place.process ?? [];
    });
    for (const one of processes) one.kill();
    await Promise.all(processes.map(async (one) => await one.whenEnded()));
    this.#cgroups.removeEmpty();
    this.#guard.close();
  }

  async #askIn(place: Place, order: KeyOrder, timeoutMs: number): Promise<KeyAnswers> {
    const results = await readAttemptInputs(order, this.#options.values);
    const answers = new Map<number, KeyAnswer>();
    let processesStarted = 0;
    let what = "";
    for (let ends = 0; ends < MOST_ENDS && answers.size < order.questions.length; ends += 1) {
      if (!place.process?.isAlive) {
        place.process = await this.#start(order);
        processesStarted += 1;
      }
      const left = order.questions.map((_, index) => index).filter((index) => !answers.has(index));
      const asked = await place.process.ask(await this.#askOf(order, left, results), timeoutMs);
      for (const [at, answer] of asked.answers) answers.set(left[at] ?? -1, answer);
      if (asked.end.kind === "late") {
        this.#late(place);
        return { ...reportOf(order, answers, { kind: "late" }, place.process), processesStarted };
      }
      if (asked.end.kind !== "ended") place.lateInARow = 0;
      else what = `its process ended: ${asked.end.what}`;
    }
    const rest: KeyAnswer = { kind: "failed", what };
    return { ...reportOf(order, answers, rest, place.process), processesStarted };
  }

  /** Orders that wait behind one that is late would be late as well: their instances run now. */
  #late(place: Place): void {
    place.lateInARow += 1;
    if (place.lateInARow >= MOST_LATE) {
      place.lateInARow = 0;
      place.restsUntil = this.#options.clock.monotonic() + REST_MS;
    }
    for (const turn of place.waiting.splice(0)) turn(false);
  }

  async #start({ file }: KeyOrder): Promise<KeyProcess> {
    if (this.#isClosed) throw new Error("the scheduler is stopping");
    const { ordinaryEnv, nodeOptions, clock, bundlePath } = this.#options;
    this.#started += 1;
    return await KeyProcess.start({
      cwd: resolvePath(bundlePath(file.bundle)),
      env: workerEnvironment(process.env, [], ordinaryEnv),
      nodeOptions,
      clock,
      guard: this.#guard,
      cgroups: this.#cgroups,
      mark: `${this.#mark}${this.#started}`,
    });
  }

  async #askOf(
    { dagId, file, artifactDigest, inputs, questions }: KeyOrder,
    left: readonly number[],
    results: ReadonlyMap<string, AttemptResult>,
  ): Promise<AskKeys> {
    const bundleDir = resolvePath(this.#options.bundlePath(file.bundle));
    return {
      id: (this.#orders += 1),
      dagId,
      artifactPath: await this.#artifacts.path(artifactDigest),
      bundleDir,
      baseDir: dirname(join(bundleDir, file.path)),
      inputs,
      questions: left.flatMap((index) => questions[index] ?? []),
      results,
    };
  }

  /** Waits until it is the turn of an order: its process is free, and there may be one more. */
  async #turn(place: Place, patienceMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#options.clock.after(patienceMs, () => {
      const at = place.waiting.indexOf(turn);
      if (at >= 0) place.waiting.splice(at, 1);
      turn(false);
    });
    const turn: Turn = (hasCome) => {
      cancel();
      resolve(hasCome);
    };
    place.waiting.push(turn);
    this.#giveTurns();
    return await promise;
  }

  #giveTurns(): void {
    for (const place of this.#places.values()) {
      if (place.isBusy || place.waiting.length === 0) continue;
      if (!place.process?.isAlive && !this.#hasRoom()) continue;
      place.isBusy = true;
      place.cancelIdle();
      place.usedAt = this.#options.clock.monotonic();
      place.waiting.shift()?.(true);
    }
  }

  /** Makes room for one more process, if need be in place of the one that has not been asked for longest. */
  #hasRoom(): boolean {
    const running = [...this.#places.values()].filter(({ process: one, isBusy }) => isBusy || one?.isAlive);
    if (running.length < this.#options.maxProcesses) return true;
    const idle = running.filter(({ isBusy }) => !isBusy).toSorted((a, b) => a.usedAt - b.usedAt)[0];
    if (!idle) return false;
    endProcess(idle);
    return true;
  }

  #rest(id: string, place: Place): void {
    place.cancelIdle = this.#options.clock.after(this.#options.idleMs ?? DEFAULT_IDLE_MS, () => {
      if (place.waiting.length > 0) return;
      endProcess(place);
      this.#places.delete(id);
    });
  }
}

function newPlace(): Place {
  return {
    waiting: [],
    process: undefined,
    isBusy: false,
    usedAt: 0,
    cancelIdle: () => undefined,
    lateInARow: 0,
    restsUntil: 0,
  };
}

function endProcess(place: Place): void {
  place.process?.kill();
  place.process = undefined;
}

function allOf({ questions }: KeyOrder, answer: KeyAnswer): KeyAnswers {
  return { answers: questions.map(() => answer), packages: [], processesStarted: 0 };
}

function reportOf(
  { questions }: KeyOrder,
  answers: ReadonlyMap<number, KeyAnswer>,
  rest: KeyAnswer,
  { packages, spawnedAt }: Pick<KeyProcess, "packages" | "spawnedAt"> = { packages: [], spawnedAt: 0 },
): KeyAnswers {
  return {
    answers: questions.map((_, index) => answers.get(index) ?? rest),
    packages,
    spawnedAt,
    processesStarted: 0,
  };
}
