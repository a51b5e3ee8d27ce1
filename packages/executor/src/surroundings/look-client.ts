// The client of the thread that inspects files, programs and packages. Identical pending requests are
// sent once.

import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Clock, Reason } from "@memodag/core";
import type { FilesAnswer, FilesOrder } from "./look-at-files.ts";
import type { PackagesAnswer, PackagesOrder } from "./look-at-packages.ts";
import type { ProgramAnswer, ProgramOrder } from "./look-at-program.ts";
import type { LookAnswer, LookOrder } from "./look-thread.ts";

/** A request about files, a program or packages. */
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

/**
 * Milliseconds after which a request times out. The thread continues, and has more in its cache the next
 * time.
 */
const DEADLINE_MS = 30_000;

/** A thread that is started on first use. It keeps the process alive only while a request is pending. */
export class LookClient {
  readonly #clock: Clock;
  #thread: Worker | undefined;
  /**
   * Requests that have not been sent yet. A later identical request joins, because the work has not
   * started.
   */
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
    const thread = new Worker(new URL(`./look-thread${extname(import.meta.url)}`, import.meta.url), {
      // The thread reads only on behalf of memodag, so the author's options do not apply.
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
