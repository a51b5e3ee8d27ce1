// Sends OpenLineage events over HTTP, in order and one at a time. Nothing waits for it, and its memory is bounded.

import { messageOf, type Clock, type Logger } from "@memodag/core";
import type { LineageEvent } from "./lineage-events.ts";

/** Events that wait, at most: a server that is away for longer loses the newest. */
const MOST_WAITING = 10_000;
const TIMEOUT_MS = 5_000;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

/** Milliseconds that closing may take. */
const CLOSE_WITHIN_MS = 3_000;

/** Options of {@link LineageSender}. */
export interface LineageSenderOptions {
  /** Of the server; events go to its path `/api/v1/lineage`. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly apiKey?: string | undefined;
  /** Called for each event that is lost. */
  onDropped(): void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** See the file. */
export class LineageSender {
  readonly #options: LineageSenderOptions;
  readonly #url: string;
  readonly #waiting: LineageEvent[] = [];
  readonly #closing = new AbortController();
  #sending: Promise<void> | undefined;
  #isAway = false;

  constructor(options: LineageSenderOptions) {
    this.#options = options;
    this.#url = `${options.url.replace(/\/$/, "")}/api/v1/lineage`;
  }

  /** Sends an event later. Returns at once, and never throws. */
  send(event: LineageEvent): void {
    if (this.#waiting.length >= MOST_WAITING || this.#closing.signal.aborted) {
      this.#options.onDropped();
      return;
    }
    this.#waiting.push(event);
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
  }

  /** Sends what there is, for a few seconds at most. Never rejects. */
  async close(): Promise<void> {
    const cancel = this.#options.clock.after(CLOSE_WITHIN_MS, () => this.#closing.abort());
    // A server that is away is not waited for.
    if (this.#isAway) this.#closing.abort();
    await this.#sending;
    cancel();
    this.#closing.abort();
  }

  async #sendAll(): Promise<void> {
    let restMs = FIRST_REST_MS;
    for (let event = this.#waiting[0]; event; event = this.#waiting[0]) {
      const fault = this.#closing.signal.aborted ? "closed" : await this.#post(event);
      if (fault === undefined) {
        restMs = FIRST_REST_MS;
        this.#waiting.shift();
        continue;
      }
      if (this.#closing.signal.aborted) {
        for (const _ of this.#waiting.splice(0)) this.#options.onDropped();
        return;
      }
      if (fault === "refused") {
        this.#waiting.shift();
        this.#options.onDropped();
        continue;
      }
      await this.#rest(restMs);
      restMs = Math.min(2 * restMs, LONGEST_REST_MS);
    }
  }

  /** Resolves to what went wrong: `refused` comes again for the same event. */
  async #post(event: LineageEvent): Promise<"refused" | "away" | undefined> {
    const { apiKey, log } = this.#options;
    let problem: string;
    let isRefused = false;
    try {
      const answer = await fetch(this.#url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        },
        body: JSON.stringify(event),
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await answer.body?.cancel();
      if (answer.ok) {
        if (this.#isAway) log.info("OpenLineage events are sent again");
        this.#isAway = false;
        return undefined;
      }
      problem = `it answered ${answer.status}`;
      isRefused = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
    } catch (error) {
      problem = messageOf(error);
    }
    if (!this.#isAway)
      log.warn("OpenLineage events cannot be sent: check [telemetry] openlineage_url and its server", {
        error: problem,
      });
    this.#isAway = true;
    return isRefused ? "refused" : "away";
  }

  async #rest(ms: number): Promise<void> {
    const { signal } = this.#closing;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(ms, resolve);
      signal.addEventListener("abort", () => (cancel(), resolve()), { once: true });
    });
  }
}
