// Asks the key functions of one run's tasks. An instance waits for the answer, without a slot; a pass does not.

import {
  messageOf,
  reasonSentence,
  withinTimeout,
  type CancelTimer,
  type Clock,
  type Digest,
  type KeyAnswer,
  type KeyAnswers,
  type KeyMaker,
} from "@memodag/core";
import { cacheIntent, unfollowedReason } from "../../cache/cache-intent.ts";
import { inputTooLarge } from "../../cache/evaluate.ts";
import { codeChange } from "../../cache/input-change.ts";
import { keyMemo, keyOrder, type KeyAsk } from "../../cache/key-question.ts";
import type { RunContext } from "../../context/run-context.ts";
import type { ReadyInstance } from "../../graph/ready-instance.ts";
import type { KeyedEvent, RunState } from "../state/run-state.ts";

/** Questions of one order: after each, the instances that it answers go on. */
const MOST_QUESTIONS = 1_000;

/** Bytes of arguments of one order; those of a single instance may exceed it. */
const MOST_BYTES = 32 * 2 ** 20;

/** How long a pass waits for answers that are remembered, in milliseconds; then the functions are asked. */
const RECALL_MS = 1_000;

/** After so many milliseconds, instances say what they are waiting for. */
const SHOWN_AFTER_MS = 500;

const NOTHING_STARTED = { packages: [], processesStarted: 0 };

/** Sits between instances that become ready and the lookup. */
export class KeyQuestions {
  readonly #context: RunContext;
  readonly #clock: Clock;
  readonly #state: RunState;
  /** Packages, as `name@version`, that the Dag was read with. */
  readonly #locked: ReadonlySet<string>;
  #new: ReadyInstance[] = [];
  #toAsk: KeyAsk[] = [];
  /** Instances that have been asked about. */
  readonly #waiting = new Map<string, ReadyInstance>();
  /** Instances that are asked about after their attempts. */
  readonly #again = new Map<KeyAsk, (answer: KeyAnswer | undefined) => void>();
  #isAskingAgain = false;
  #cancelShow: CancelTimer | undefined;
  #hasLeft = false;

  /** @param clock its timers end with the execution */
  constructor(context: RunContext, clock: Clock, state: RunState, locked: ReadonlySet<string>) {
    this.#context = context;
    this.#clock = clock;
    this.#state = state;
    this.#locked = locked;
  }

  /** True while instances wait for an answer. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Takes an instance whose key function has to answer before the cache is asked; false if none has to. */
  tryEnqueue(instance: ReadyInstance): boolean {
    const { task } = instance.node;
    const { keyMaker, cachingOffReason } = this.#context;
    if (!task.cache?.key || !keyMaker) return false;
    const { run, version } = this.#state;
    if (cacheIntent(version.dag, task, run, cachingOffReason()).kind === "off") return false;
    if (unfollowedReason(task)) return false;
    this.#new.push(instance);
    return true;
  }

  /** Lets instances go on whose answers are remembered; the rest is asked by {@link send}. Never rejects. */
  async recall(): Promise<void> {
    const asks = this.#new.splice(0).map(({ node, mapIndex }): KeyAsk => {
      return { node, mapIndex, args: this.#state.work.argsOf(node, mapIndex) };
    });
    if (asks.length === 0) return;
    const fitting = asks.filter((ask) => !this.#isTooLarge(ask));
    const known = await this.#recallAll(fitting.filter(isPure));
    const toAsk = new Set(fitting.filter((ask) => !known.has(ask)));
    for (const ask of asks) {
      if (toAsk.has(ask)) this.#toAsk.push(ask);
      else this.#answered(ask, known.get(ask));
    }
  }

  /** Asks what is not known; call once the pass is written. */
  send(): void {
    const { keyMaker } = this.#context;
    if (this.#toAsk.length === 0 || !keyMaker) return;
    for (const { node, mapIndex } of this.#toAsk)
      this.#waiting.set(nameOf({ node, mapIndex }), { node, mapIndex });
    for (const order of this.#ordersOf(this.#toAsk.splice(0))) void this.#askAndTell(keyMaker, order);
    this.#cancelShow ??= this.#clock.after(SHOWN_AFTER_MS, () => {
      this.#cancelShow = undefined;
      this.#state.inbox.put({ kind: "keys_awaited" });
    });
  }

  /** Takes answers. */
  take({ asked, answers, processesStarted }: KeyedEvent): void {
    const { run } = this.#state;
    this.#state.run = { ...run, processesSpawned: run.processesSpawned + processesStarted };
    for (const [index, instance] of asked.entries()) {
      if (this.#waiting.delete(nameOf(instance)))
        this.#answered(instance, answers[index] ?? { kind: "late" });
    }
    if (this.isWaiting) return;
    this.#cancelShow?.();
    this.#cancelShow = undefined;
  }

  /** Writes down what instances are waiting for. A cleared one keeps the reason for which it runs. */
  showWaiting(): void {
    const { table } = this.#state;
    for (const { node, mapIndex } of this.#waiting.values()) {
      const row = table.find(node, mapIndex);
      if (row?.cacheStatus === "skipped" || (row && row.state !== "none")) continue;
      table.change(node, mapIndex, { state: "scheduled", cacheReason: { code: "waiting_for_key" } });
    }
  }

  /** Asks about one instance, after its attempt; together with others that have ended meanwhile. Never rejects. */
  async askAgain({ node, mapIndex }: ReadyInstance): Promise<KeyAnswer | undefined> {
    const { keyMaker } = this.#context;
    if (!keyMaker) return undefined;
    const { promise, resolve } = Promise.withResolvers<KeyAnswer | undefined>();
    this.#again.set({ node, mapIndex, args: this.#state.work.argsOf(node, mapIndex) }, resolve);
    if (!this.#isAskingAgain) void this.#askAllAgain(keyMaker);
    return await promise;
  }

  /** The execution is over. */
  leave(): void {
    this.#hasLeft = true;
    this.#cancelShow?.();
  }

  /** Then it is not cached in any case. */
  #isTooLarge({ node, args }: KeyAsk): boolean {
    const { cache } = node.task;
    const { maxInputSize, maxProjectedSize } = this.#context;
    const limits = { args, maxInputSize: maxInputSize(), maxProjectedSize: maxProjectedSize() };
    return cache !== null && inputTooLarge(limits, cache, this.#state.results) !== null;
  }

  async #askAllAgain(keyMaker: KeyMaker): Promise<void> {
    this.#isAskingAgain = true;
    while (this.#again.size > 0) {
      const [asks = []] = this.#ordersOf([...this.#again.keys()]);
      const { answers } = await this.#ask(keyMaker, asks);
      for (const [index, ask] of asks.entries()) {
        this.#again.get(ask)?.(answers[index]);
        this.#again.delete(ask);
      }
    }
    this.#isAskingAgain = false;
  }

  #answered(instance: ReadyInstance, answer: KeyAnswer | undefined): void {
    const { node, mapIndex } = instance;
    const { keyAnswers, work } = this.#state;
    if (answer) keyAnswers.set(node, mapIndex, answer);
    work.addReady({ node, mapIndex });
  }

  *#ordersOf(asks: readonly KeyAsk[]): Generator<readonly KeyAsk[]> {
    let order: KeyAsk[] = [];
    let bytes = 0;
    for (const ask of asks) {
      const size = ask.args.reduce((sum, [, argument]) => sum + this.#state.results.sizeOf(argument), 0);
      if (order.length > 0 && (order.length >= MOST_QUESTIONS || bytes + size > MOST_BYTES)) {
        yield order;
        order = [];
        bytes = 0;
      }
      order.push(ask);
      bytes += size;
    }
    if (order.length > 0) yield order;
  }

  async #askAndTell(keyMaker: KeyMaker, asks: readonly KeyAsk[]): Promise<void> {
    const { answers, processesStarted } = await this.#ask(keyMaker, asks);
    if (this.#hasLeft) return;
    await this.#remember(keyMaker, asks, answers);
    const asked = asks.map(({ node, mapIndex }) => ({ node, mapIndex }));
    this.#state.inbox.put({ kind: "keyed", asked, answers, processesStarted });
  }

  async #ask(keyMaker: KeyMaker, asks: readonly KeyAsk[]): Promise<KeyAnswers> {
    const { results } = this.#state;
    try {
      const answered = await keyMaker.ask(keyOrder(asks, this.#state, results), this.#context.keyTimeoutMs());
      const change = await this.#findCodeChange(answered);
      if (change === null) return answered;
      return { ...answered, answers: asks.map(() => ({ kind: "failed", what: change })) };
    } catch (error) {
      const failed = { kind: "failed", what: messageOf(error) } as const;
      return { answers: asks.map(() => failed), ...NOTHING_STARTED };
    }
  }

  /** Why the functions that answered are not those of the keys; `null`: they are. */
  async #findCodeChange({ packages, spawnedAt }: KeyAnswers): Promise<string | null> {
    if (packages.length === 0) return null;
    const { version } = this.#state;
    const { installed = { sealed: [], named: [] } } = version.dag;
    const { surroundings } = this.#context;
    const change =
      codeChange(packages, this.#locked) ??
      (await surroundings.findPackageChange(version.file, installed, packages, spawnedAt));
    return change && reasonSentence(change);
  }

  async #recallAll(asks: readonly KeyAsk[]): Promise<ReadonlyMap<KeyAsk, KeyAnswer>> {
    const { keyMemos, keyMaker, log } = this.#context;
    const known = new Map<KeyAsk, KeyAnswer>();
    if (!keyMemos || !keyMaker || asks.length === 0) return known;
    try {
      const memos = await this.#memosOf(keyMaker, asks);
      const found = await withinTimeout(keyMemos.find(this.#state.run.team, [...new Set(memos.values())]), {
        clock: this.#clock,
        timeoutMs: RECALL_MS,
        late: () => new Error(`no answer within ${RECALL_MS} ms`),
      });
      for (const [ask, memo] of memos) {
        const json = found.get(memo);
        if (json !== undefined) known.set(ask, json === "null" ? { kind: "none" } : { kind: "key", json });
      }
    } catch (error) {
      log.warn("answers of key functions could not be recalled; they are asked", { error: messageOf(error) });
    }
    return known;
  }

  /** If answers cannot be remembered, the functions are asked again another time. */
  async #remember(keyMaker: KeyMaker, asks: readonly KeyAsk[], answers: readonly KeyAnswer[]): Promise<void> {
    const { keyMemos, log } = this.#context;
    const known = asks.flatMap((ask, index) => {
      const answer = answers[index];
      const json = answer?.kind === "key" ? answer.json : answer?.kind === "none" ? "null" : undefined;
      return isPure(ask) && json !== undefined ? [[ask, json] as const] : [];
    });
    if (!keyMemos || known.length === 0) return;
    try {
      const memos = await this.#memosOf(
        keyMaker,
        known.map(([ask]) => ask),
      );
      const named = new Map(known.flatMap(([ask, json]) => [[memos.get(ask) ?? "", json] as const]));
      await keyMemos.put(this.#state.run.team, named);
    } catch (error) {
      log.warn("answers of key functions could not be remembered", { error: messageOf(error) });
    }
  }

  async #memosOf({ runtime }: KeyMaker, asks: readonly KeyAsk[]): Promise<ReadonlyMap<KeyAsk, Digest>> {
    const memos = new Map<KeyAsk, Digest>();
    for (const ask of asks) {
      const { sourceHash = "" } = ask.node.task.cache?.key ?? {};
      memos.set(ask, await keyMemo(ask, { sourceHash, runtime }, this.#state.results));
    }
    return memos;
  }
}

function nameOf({ node, mapIndex }: ReadyInstance): string {
  return `${node.index}:${mapIndex}`;
}

function isPure({ node }: ReadyInstance): boolean {
  return node.task.cache?.key?.trust === "pure";
}
