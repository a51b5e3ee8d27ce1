// Asks the thread that looks at files, programs and packages. Questions that wait are asked once for all who ask them.

import { Worker } from "node:worker_threads";
import type { Clock, Reason } from "@memodag/core";
import type { FilesAnswer, FilesOrder } from "./look-at-files.ts";
import type { PackagesAnswer, PackagesOrder } from "./look-at-packages.ts";
import type { ProgramAnswer, ProgramOrder } from "./look-at-program.ts";
import type { LookAnswer, LookOrder } from "./look-thread.ts";

/** A question about files, a program or packages. */
type Look =
  | { readonly files: FilesOrder }
  | { readonly program: ProgramOrder }
  | { readonly packages: PackagesOrder };

type Unknown = { readonly kind: "unknown"; readonly reason: Reason };

type Answer = LookAnswer["answer"] | Unknown;

interface WaitingLook {
  readonly look: Look;
  readonly answer: PromiseWithResolvers<Answer>;
}

/** Milliseconds after which no one waits for the thread any more; it goes on, and knows more the next time. */
const DEADLINE_MS = 30_000;

/** A thread that is started when it is first needed. It keeps no process alive that waits for nothing. */
export class LookClient {
  readonly #clock: Clock;
  #thread: Worker | undefined;
  /** Not sent yet, by what is asked: who asks the same later joins, since the look is still to come. */
  readonly #waiting = new Map<string, WaitingLook>();
  #current: { readonly id: number; readonly waiting: WaitingLook } | undefined;
  #lastId = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async files(files: FilesOrder): Promise<FilesAnswer> {
    return (await this.#ask({ files }, `file:${files.patterns.join(", ")}`)) as FilesAnswer;
  }

  async program(program: ProgramOrder): Promise<ProgramAnswer> {
    return (await this.#ask({ program }, `program ${program.program}`)) as ProgramAnswer;
  }

  async packages(packages: PackagesOrder): Promise<PackagesAnswer | Unknown> {
    return (await this.#ask({ packages }, "packages")) as PackagesAnswer | Unknown;
  }

  async #ask(look: Look, what: string): Promise<Answer> {
    const name = JSON.stringify(look);
    let waiting = this.#waiting.get(name);
    if (!waiting) {
      waiting = { look, answer: Promise.withResolvers() };
      this.#waiting.set(name, waiting);
      this.#sendNext();
    }
    const late = Promise.withResolvers<Unknown>();
    const cancel = this.#clock.after(DEADLINE_MS, () =>
      late.resolve({
        kind: "unknown",
        reason: { code: "input_late", detail: { what: `${what}: not looked at within 30s` } },
      }),
    );
    try {
      return await Promise.race([waiting.answer.promise, late.promise]);
    } finally {
      cancel();
    }
  }

  #sendNext(): void {
    if (this.#current) return;
    const [next] = this.#waiting;
    if (!next) {
      this.#thread?.unref();
      return;
    }
    const [name, waiting] = next;
    this.#waiting.delete(name);
    const id = (this.#lastId += 1);
    this.#current = { id, waiting };
    const thread = (this.#thread ??= this.#start());
    thread.ref();
    thread.postMessage({ id, ...waiting.look } satisfies LookOrder, []);
  }

  #start(): Worker {
    const thread = new Worker(new URL(`./look-thread${import.meta.url.slice(-3)}`, import.meta.url), {
      // Its reads are memodag's own, and no option of the author's is meant for it.
      execArgv: [],
      stdin: false,
    });
    thread.on("message", ({ id, answer }: LookAnswer) => {
      if (this.#current?.id === id) this.#settle(answer);
    });
    thread.on("error", (error) => this.#fail(error.message));
    thread.on("exit", () => {
      if (this.#thread === thread) this.#thread = undefined;
      this.#fail("the thread ended");
    });
    return thread;
  }

  #fail(message: string): void {
    this.#thread = undefined;
    const reason = { code: "input_unreadable", detail: { what: message } } as const;
    if (this.#current) this.#settle({ kind: "unknown", reason });
  }

  #settle(answer: Answer): void {
    this.#current?.waiting.answer.resolve(answer);
    this.#current = undefined;
    this.#sendNext();
  }
}
