// A host of workers on another machine than the scheduler's: it registers, takes attempts from a queue, runs each in a
// process of its own, and reports. It has no database and no credentials of stores.

import { join } from "node:path";
import {
  MemodagError,
  messageOf,
  type AttemptOrder,
  type ErrorCode,
  type ExecutorEvent,
  type StoredError,
} from "@memodag/core";
import type { TakeAttempt } from "@memodag/remote-executor";
import type { BeatReply, ExpectedReply, RegisterAnswer } from "@memodag/worker-api/protocol";
import { ApiRefusal, parseBody } from "./api-client.ts";
import { cannotCompare, compareHost, type HostDifference } from "./compare-host.ts";
import { HeldAttempt } from "./held-attempt.ts";
import { failedOutcome, reportEnd } from "./report-end.ts";
import { HostInputs } from "./host-inputs.ts";
import { openHostParts, type HostParts } from "./host-parts.ts";
import { Liveness } from "./liveness.ts";
import { pause, persist } from "./persist.ts";
import { register } from "./register.ts";
import { ValueFiles } from "./value-files.ts";
import { WatchedFeed } from "./watched-feed.ts";
import type { WorkerHostOptions } from "./worker-host-options.ts";

/** Milliseconds for which ends of attempts are delivered when the host is stopped. */
const LAST_REPORTS_MS = 10_000;

/** Milliseconds within which an API that is there says so. */
const CHECK_MS = 5_000;

/** Reading declared files of many Dags takes a while. Milliseconds. */
const COMPARE_MS = 120_000;

/** Milliseconds for which an attempt waits for the API to start it, before it is given back to the queue. */
const START_PATIENCE_MS = 5_000;

/** A worker host. */
export class WorkerHost {
  readonly #options: WorkerHostOptions;
  readonly #held = new Map<string, HeldAttempt>();
  #parts: HostParts | undefined;
  #liveness: Liveness | undefined;
  #feed: WatchedFeed | undefined;
  #isStopping = false;
  #isGone = false;
  #fault: MemodagError | undefined;
  readonly #stopped: PromiseWithResolvers<"drained" | "stopped"> = Promise.withResolvers();

  constructor(options: WorkerHostOptions) {
    this.#options = options;
  }

  /**
   * Runs until the signal is aborted or an operator drains it, and what it runs has ended.
   * @throws MemodagError if the API refuses it: its token or its version
   */
  async run(signal: AbortSignal): Promise<void> {
    await this.#runWhile(signal, async () => {
      const { openFeed: open, concurrency, clock, log } = this.#options;
      const take: TakeAttempt = (attemptId) => this.take(attemptId);
      const onDeaf = (error: MemodagError): void => this.#giveUp(error);
      const feed = new WatchedFeed({ open, take, concurrency, clock, log, onDeaf });
      this.#feed = feed;
      await feed.open();
      const cause = await this.#stopped.promise;
      log.info("the worker takes nothing more, and ends when what runs has ended", {
        running: this.#held.size,
      });
      const closed = feed.close();
      // One that is drained may be stopped, too, while it waits.
      if (cause === "drained") await Promise.race([closed, whenAborted(signal)]);
      await this.#endWithin(closed);
    });
  }

  /** Runs one attempt to its end, and ends. */
  async runOne(attemptId: string, signal: AbortSignal): Promise<void> {
    await this.#runWhile(signal, async () => {
      const taken = this.take(attemptId).catch((error: unknown) => {
        throw error instanceof ApiRefusal ? asFault(error) : error;
      });
      await Promise.race([taken, this.#stopped.promise]);
      await this.#endWithin(taken);
    });
  }

  /**
   * Registers, and leaves again. Returns what is other here than where keys are computed. An API that does not answer is
   * not waited for.
   * @throws MemodagError if the API refuses it, or does not answer
   */
  async check(signal: AbortSignal, bundles: ReadonlyMap<string, string>): Promise<HostDifference[]> {
    const { client } = this.#options;
    let differences: HostDifference[] = [];
    await client.send({ route: "health", timeoutMs: CHECK_MS });
    await this.#runWhile(signal, async () => {
      const { surroundings } = this.#parts ?? {};
      if (!surroundings) return;
      const request = { route: "expected", id: client.workerId ?? "", timeoutMs: COMPARE_MS } as const;
      const reply = await client.send(request).catch((error: unknown) => {
        throw error instanceof ApiRefusal && error.status === 404 ? cannotCompare(error) : error;
      });
      differences = await compareHost(parseBody<ExpectedReply>(reply).dags, { surroundings, bundles });
    });
    return differences;
  }

  /** Takes an attempt: starts it at the API, and carries it out. Rejects if it must be offered to others. */
  async take(attemptId: string): Promise<void> {
    if (this.#held.has(attemptId)) return;
    const { isSilent = false, isFenced = false } = this.#liveness ?? {};
    if (this.#isStopping || isSilent || isFenced)
      throw new MemodagError("attempt_lost", `The worker ${this.#options.name} takes nothing now`);
    const parts = this.#parts;
    if (!parts) return;
    const order = await this.#start(attemptId);
    if (!order) return;
    const held = new HeldAttempt(order, parts);
    this.#held.set(attemptId, held);
    if (this.#liveness?.isFenced) held.kill(this.#lostError("takes nothing now"), false);
    try {
      await held.run();
    } finally {
      this.#held.delete(attemptId);
    }
  }

  /**
   * Asks the API for an attempt. Undefined: there is none to start, for anyone.
   * @throws for one that others may start. If an answer was lost, beats tell whether it was started here.
   */
  async #start(attemptId: string): Promise<AttemptOrder | undefined> {
    const { client, clock, log } = this.#options;
    const askedAt = clock.monotonic();
    const isOver = (): boolean => this.#isGone || (this.#feed !== undefined && this.#isCutOff(askedAt));
    try {
      const request = { route: "start", id: attemptId, timeoutMs: START_PATIENCE_MS } as const;
      return parseBody(await persist(() => client.send(request), { clock, isOver }));
    } catch (error) {
      // A refusal of this worker alone, and anything else, says nothing of the attempt.
      if (!(error instanceof ApiRefusal) || error.code !== "attempt_refused" || error.status === 403)
        throw error;
      log.debug("there is nothing to start for an attempt", { attemptId, error: error.message });
      return undefined;
    }
  }

  #isCutOff(askedAt: number): boolean {
    const { clock } = this.#options;
    return this.#liveness?.isSilent === true || clock.monotonic() - askedAt > START_PATIENCE_MS;
  }

  /** Registers, does the work, and says goodbye. */
  async #runWhile(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    if (signal.aborted) return;
    signal.addEventListener("abort", () => this.#stop("stopped"), { once: true });
    // While it waits for an API that is away, nothing else keeps the process.
    const keepsProcess = setInterval(() => undefined, 2 ** 30);
    try {
      if (!(await this.#begin())) return;
      await work().finally(() => this.#end());
    } finally {
      clearInterval(keepsProcess);
    }
  }

  async #begin(): Promise<boolean> {
    const { client, clock, log, stateDir, inputCacheBytes } = this.#options;
    const answer = await this.#register();
    if (!answer) return false;
    const files = await ValueFiles.open({ dir: join(stateDir, "values"), maxBytes: inputCacheBytes, log });
    const inputs = new HostInputs({ client, files, clock, held: () => this.#held.values() });
    this.#parts = openHostParts(this.#options, answer.settings, {
      inputs,
      environmentOf: (attemptId) => this.#held.get(attemptId)?.env,
      onEvent: (event) => this.#hear(event),
      isGone: () => this.#isGone,
    });
    return true;
  }

  /** Undefined if the host is stopped before. */
  async #register(): Promise<RegisterAnswer | undefined> {
    try {
      const { answer, sentAt } = await register(this.#options, () => this.#isStopping);
      this.#liveness = this.#startLiveness(answer, sentAt);
      return answer;
    } catch (error) {
      if (this.#isStopping) return undefined;
      throw error instanceof ApiRefusal ? asFault(error) : error;
    }
  }

  #startLiveness(answer: RegisterAnswer, sentAt: number): Liveness {
    const { client, clock, log, name } = this.#options;
    const listener = {
      running: () => [...this.#held.keys()],
      freePlaces: () => this.#feed?.freePlaces ?? 0,
      waits: (longestWait: BeatReply["longestWait"]) => void this.#feed?.look(longestWait),
      lost: (ids: readonly string[]) => {
        for (const id of ids) this.#held.get(id)?.kill(this.#lostError("is not its worker any more"), true);
      },
      cancelled: (attempts: readonly { readonly attemptId: string; readonly error: StoredError }[]) => {
        for (const { attemptId, error } of attempts) this.#held.get(attemptId)?.cancel(error);
      },
      drained: () => this.#stop("drained"),
      silent: () => this.#feed?.pause(),
      answered: () => this.#feed?.resume(),
      unnamed: (ids: readonly string[]) => this.#endUnnamed(ids),
      fenced: (silentMs: number) => {
        log.error("no beat was answered for too long: what runs is ended", { name, silentMs });
        for (const held of this.#held.values()) held.kill(this.#lostError("lost its connection"), false);
      },
      forgotten: () => void this.#registerAgain(),
      refused: (error: ApiRefusal) => this.#refused(error),
    };
    const liveness = new Liveness({ client, clock, log, listener }, answer, sentAt);
    liveness.start();
    // It was registered, so the API answers.
    this.#feed?.resume();
    return liveness;
  }

  /** They were given back when the API did not answer, and had started here nevertheless. */
  #endUnnamed(attemptIds: readonly string[]): void {
    const parts = this.#parts;
    const outcome = failedOutcome(this.#lostError("was cut off from the worker API"));
    for (const attemptId of attemptIds)
      if (parts && !this.#held.has(attemptId)) void reportEnd(parts, attemptId, outcome, parts.isGone);
  }

  /** Its attempts are not its own any more. */
  async #registerAgain(): Promise<void> {
    this.#liveness?.stop();
    this.#options.log.warn("the worker API does not know this worker any more: it registers again");
    for (const held of this.#held.values()) held.kill(this.#lostError("was forgotten"), true);
    try {
      await this.#register();
    } catch (error) {
      if (error instanceof MemodagError) this.#fault = error;
      this.#stop("stopped");
    }
  }

  #refused(error: ApiRefusal): void {
    this.#fault = asFault(error);
    this.#liveness?.stop();
    const { log } = this.#options;
    log.error("the worker API refuses this worker: what runs is ended", { error: error.message });
    for (const held of this.#held.values()) held.kill(this.#lostError("is refused by the worker API"), true);
    this.#stop("stopped");
  }

  /** Nothing runs: it ends with an error, so that its supervisor starts another process. */
  #giveUp(error: MemodagError): void {
    this.#fault = error;
    this.#stop("stopped");
  }

  #stop(cause: "drained" | "stopped"): void {
    this.#isStopping = true;
    this.#stopped.resolve(cause);
  }

  /** Attempts may end for a while; then they are lost. */
  async #endWithin(over: Promise<void>): Promise<void> {
    const { clock, shutdownGraceMs, log } = this.#options;
    const cancel = clock.after(shutdownGraceMs, () => {
      for (const held of this.#held.values()) held.kill(this.#lostError("was stopped"), false);
    });
    const done = over.catch((error: unknown) => {
      log.warn("the queue could not be closed", { error: messageOf(error) });
    });
    await Promise.race([done, pause(clock, shutdownGraceMs + LAST_REPORTS_MS)]);
    cancel();
  }

  /** Says goodbye: what the API has not heard the end of is lost at once. */
  async #end(): Promise<void> {
    const { client } = this.#options;
    this.#isGone = true;
    this.#liveness?.stop();
    await this.#parts?.executor.close(0);
    // To one that it refuses, or does not know, the API has nothing to say.
    if (client.workerId !== undefined && (!this.#fault || this.#fault.code === "worker_deaf"))
      await client.send({ route: "leave", id: client.workerId, timeoutMs: 5_000 }).catch((error: unknown) => {
        this.#options.log.warn("could not say goodbye to the worker API", { error: messageOf(error) });
      });
    client.close();
    if (this.#fault) throw this.#fault;
  }

  #hear(event: ExecutorEvent): void {
    if (event.kind === "finished") this.#held.get(event.attemptId)?.finished(event.outcome);
  }

  #lostError(why: string): StoredError {
    const message = `The worker ${this.#options.name} ${why}: the attempt is made again`;
    return { code: "attempt_lost", message };
  }
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

/** An answer that ends the host, as an error for the operator. */
function asFault({ code, message }: ApiRefusal): MemodagError {
  return new MemodagError(code as ErrorCode, message);
}
