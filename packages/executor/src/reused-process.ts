// One process that runs many attempts of a task, and what each of its attempts has of it.

import type { Frame } from "./frame.ts";
import type { RunOrder, ToWorker } from "./protocol.ts";
import type { WarmWorker } from "./warm-worker.ts";
import type { AttemptProcess, ProcessEnd, WorkerListener } from "./worker-process.ts";

/** A process that is lent to one attempt at a time. */
export class ReusedProcess {
  readonly #worker: WarmWorker;
  #loan: ReusedLoan | undefined;
  #end: ProcessEnd | undefined;

  constructor(worker: WarmWorker) {
    this.#worker = worker;
    void worker.ended.then(async () => {
      this.#end = await worker.whenExited();
      this.#loan?.end(this.#end, true);
    });
  }

  /** Resolves to false if it cannot be used. */
  async isReady(): Promise<boolean> {
    return this.#end === undefined && (await this.#worker.isReady());
  }

  /** Lends it to an attempt. `onGivenBack` is called when that has ended, with the process or without it. */
  lend(onGivenBack: (hasEnded: boolean) => void): ReusedLoan {
    const loan = new ReusedLoan(this.#worker, onGivenBack);
    this.#loan = loan;
    if (this.#end) loan.end(this.#end, true);
    return loan;
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.#worker.kill();
    await this.#worker.ended;
  }
}

/** The process as one attempt has it. Nothing that the attempt does later reaches the next one. */
export class ReusedLoan implements AttemptProcess {
  readonly #worker: WarmWorker;
  readonly #onGivenBack: (hasEnded: boolean) => void;
  readonly #ended = Promise.withResolvers<ProcessEnd>();
  #isOver = false;

  constructor(worker: WarmWorker, onGivenBack: (hasEnded: boolean) => void) {
    this.#worker = worker;
    this.#onGivenBack = onGivenBack;
  }

  get pid(): number {
    return this.#worker.process.pid;
  }

  /** Resolves when the attempt has ended: with the process, or so that the process is free of it. */
  get ended(): Promise<ProcessEnd> {
    return this.#ended.promise;
  }

  /** Resolves to false if there is no process to hand the attempt to. */
  async isReady(): Promise<boolean> {
    return !this.#isOver && (await this.#worker.isReady());
  }

  /** Hands an attempt over, as {@link WarmWorker.begin} does. */
  async begin(order: RunOrder, listener: WorkerListener): Promise<boolean> {
    let hasOutcome = false;
    return await this.#worker.begin(order, {
      ...listener,
      onFrame: (frame) => {
        const kind = kindOf(frame);
        if (hasOutcome && kind === "idle") return this.end({ code: 0, signal: null }, false);
        hasOutcome ||= kind === "outcome";
        listener.onFrame(frame);
      },
    });
  }

  send(message: ToWorker, onSent?: () => void): void {
    if (!this.#isOver) this.#worker.process.send(message, onSent);
  }

  listen(isListening: boolean): void {
    if (!this.#isOver) this.#worker.process.listen(isListening);
  }

  async drain(): Promise<void> {
    if (!this.#isOver) await this.#worker.process.drain();
  }

  /** The next attempt needs the channel. */
  hangUp(): void {}

  kill(): void {
    if (!this.#isOver) this.#worker.end();
  }

  /** Ends the loan. */
  end(end: ProcessEnd, hasEnded: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A question that was never answered may have paused it.
    if (!hasEnded) this.#worker.process.listen(true);
    this.#ended.resolve(end);
    this.#onGivenBack(hasEnded);
  }
}

function kindOf({ message }: Frame): unknown {
  return typeof message === "object" && message !== null ? Reflect.get(message, "kind") : undefined;
}
