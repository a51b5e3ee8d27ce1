// An attempt that this host has started: from its order to the end that the API has recorded or refused.

import {
  messageOf,
  type Attempt,
  type AttemptOrder,
  type AttemptOutcome,
  type Digest,
  type StoredError,
} from "@memodag/core";
import { attemptEnvironment } from "./attempt-environment.ts";
import type { HostParts } from "./host-parts.ts";
import { KeyedCheck } from "./keyed-check.ts";
import { LogShipper } from "./log-shipper.ts";
import { logFilePath } from "@memodag/executor";
import { failedOutcome, reportEnd } from "./report-end.ts";

/** An attempt on this host. */
export class HeldAttempt {
  readonly attempt: Attempt;
  readonly env: NodeJS.ProcessEnv;
  /** The values that its arguments refer to. */
  readonly digests: ReadonlySet<Digest>;
  readonly #parts: HostParts;
  /** True: it is not this host's any more, and nothing about it is sent. */
  #isLost = false;
  /** Why it was ended, perhaps before it began. */
  #endedBy: StoredError | undefined;
  readonly #ended: PromiseWithResolvers<AttemptOutcome> = Promise.withResolvers();

  constructor(order: AttemptOrder, parts: HostParts) {
    this.attempt = order.attempt;
    this.env = attemptEnvironment(parts.env, order);
    this.digests = new Set(listDigests(order.attempt));
    this.#parts = parts;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** Its process has ended. */
  finished(outcome: AttemptOutcome): void {
    this.#ended.resolve(outcome);
  }

  /** Ends it at once. `isLost`: its end is not reported either. */
  kill(error: StoredError, isLost: boolean): void {
    this.#isLost ||= isLost;
    this.#endedBy ??= error;
    this.#parts.executor.kill(this.attempt.attemptId, error);
  }

  /** Asks its handler to stop, and kills it later. */
  cancel(error: StoredError): void {
    this.#endedBy ??= error;
    void this.#parts.executor.cancel(this.attempt.attemptId, error);
  }

  /** Runs it, and reports its end. Never rejects. */
  async run(): Promise<void> {
    if (this.attempt.probe)
      return await this.#report({ kind: "skipped", reason: "the worker answers", durationMs: 0 });
    const { client, clock, log, executor, surroundings, settings, name, logsDir } = this.#parts;
    const { attempt } = this;
    const { attemptId } = attempt;
    const check = new KeyedCheck(surroundings, attempt, this.env);
    const shipper = new LogShipper({
      client,
      clock,
      log,
      attemptId,
      path: logFilePath(logsDir, attempt),
      maxBytes: settings.maxLogBytes,
      hostName: name,
      isOver: () => this.#isOver(),
    });
    try {
      await Promise.all([check.begin(), shipper.start()]);
      if (this.#endedBy) await this.#report(failedOutcome(this.#endedBy));
      else {
        await executor.submit(attempt);
        const outcome = await check.check(await this.#ended.promise);
        await shipper.finish();
        await this.#report(outcome);
        await shipper.discard();
      }
    } catch (error) {
      log.error("an attempt could not be carried out", { attemptId, error: messageOf(error) });
      const message = `The worker ${name} failed: ${messageOf(error)}`;
      await this.#report(failedOutcome({ code: "worker_failed", message }));
    } finally {
      shipper.stop();
      await executor.settle([attemptId]);
    }
  }

  async #report(outcome: AttemptOutcome): Promise<void> {
    if (!this.#isLost) await reportEnd(this.#parts, this.attempt.attemptId, outcome, () => this.#isOver());
  }

  #isOver(): boolean {
    return this.#isLost || this.#parts.isGone();
  }
}

function listDigests({ results }: Attempt): Digest[] {
  return results.flatMap(([, input]) =>
    input.kind === "single" ? [input.ref.digest] : input.refs.flatMap((ref) => (ref ? [ref.digest] : [])),
  );
}
