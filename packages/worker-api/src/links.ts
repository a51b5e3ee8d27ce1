// The links to hosts: responses that do not end, through which a host hears of cancelled attempts at once, and whose end
// says at once that a host is gone.

import { messageOf, type CancelTimer, type Clock, type Logger, type WorkerHostStore } from "@memodag/core";
import { LINK_LINE_MS, type LinkLine } from "./protocol/index.ts";

/** The parts of {@link Links}. */
export interface LinksParts {
  readonly hosts: WorkerHostStore;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Link {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** The notice that was sent last. */
  said: string;
  /** Resolves when it is recorded, so that its end is recorded after it. */
  told: Promise<void>;
}

/** Lines that wait in a connection before it counts as dead. */
const MOST_UNREAD = 100;

/** The links of this process. */
export class Links {
  readonly #parts: LinksParts;
  readonly #links = new Map<string, Link>();
  /** Calls of stores. */
  readonly #underWay = new Set<Promise<void>>();
  #isClosed = false;
  #cancelTimer: CancelTimer | undefined;

  constructor(parts: LinksParts) {
    this.#parts = parts;
  }

  /** The hosts that are linked. */
  get workerIds(): string[] {
    return [...this.#links.keys()];
  }

  /** Opens the link of a host, in place of one that it has. */
  open(workerId: string): ReadableStream<Uint8Array> {
    let link: Link;
    this.#cancelTimer ??= this.#everyWhile();
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          link = { controller, said: "", told: this.#follow(this.#tell(workerId, true)) };
          endStream(this.#links.get(workerId));
          this.#links.set(workerId, link);
          this.#send(workerId, link, { kind: "here" });
        },
        cancel: () => this.#ended(workerId, link),
      },
      { highWaterMark: MOST_UNREAD },
    );
  }

  /** A host has said goodbye: the end of its link means nothing. */
  leave(workerId: string): void {
    const link = this.#links.get(workerId);
    this.#links.delete(workerId);
    endStream(link);
  }

  /** Tells hosts what is new for them. Never rejects. */
  async look(): Promise<void> {
    if (this.#links.size > 0 && !this.#isClosed) await this.#follow(this.#look());
  }

  async #look(): Promise<void> {
    const { hosts, log } = this.#parts;
    try {
      for (const { workerId, ...notice } of await hosts.listNotices(this.workerIds)) {
        const link = this.#links.get(workerId);
        const line = JSON.stringify(notice);
        if (!link || link.said === line) continue;
        link.said = line;
        this.#send(workerId, link, { kind: "notice", ...notice });
      }
    } catch (error) {
      log.warn("could not look for what workers must be told; they ask with their beats", {
        error: messageOf(error),
      });
    }
  }

  /** Ends all links. Hosts open them at another process; none counts as gone. Resolves when no store is called. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    for (const workerId of this.workerIds) this.leave(workerId);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async #follow(call: Promise<void>): Promise<void> {
    const followed = call.finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
    await followed;
  }

  #everyWhile(): CancelTimer {
    return this.#parts.clock.after(LINK_LINE_MS, () => {
      for (const [workerId, link] of this.#links) this.#send(workerId, link, { kind: "here" });
      this.#cancelTimer = this.#isClosed || this.#links.size === 0 ? undefined : this.#everyWhile();
    });
  }

  #send(workerId: string, link: Link, line: LinkLine): void {
    const { controller } = link;
    // One that does not read: its connection is closed, and it opens another if it lives.
    if ((controller.desiredSize ?? 0) <= 0) {
      controller.error(new Error("the link is not read"));
      this.#ended(workerId, link);
      return;
    }
    controller.enqueue(Buffer.from(`${JSON.stringify(line)}\n`));
  }

  #ended(workerId: string, link: Link): void {
    if (this.#links.get(workerId) !== link) return;
    this.#links.delete(workerId);
    void this.#follow(link.told.then(() => this.#tell(workerId, false)));
  }

  /** If this fails, the host's beats tell. */
  async #tell(workerId: string, isThere: boolean): Promise<void> {
    try {
      await this.#parts.hosts.linkChanged(workerId, isThere);
    } catch (error) {
      this.#parts.log.warn("could not record the link of a worker", { workerId, error: messageOf(error) });
    }
  }
}

function endStream(link: Link | undefined): void {
  try {
    link?.controller.close();
  } catch {
    // Its connection was closed before.
  }
}
