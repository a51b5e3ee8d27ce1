// The places of a host, shared by its queues in turn.

/** Changes of places after which a queue that has none of them looks nevertheless. */
const PEEK_AFTER = 16;

/** Decides which queue may take an attempt. A queue that had one, and found no place for it, is next. */
export class HostPlaces {
  #free: number;
  /** Queues that have attempts, as far as is known, the next one first: each has a place kept. */
  readonly #line: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Resolves when the queue is to look for an attempt, or all is closed. `peek`: it has no place, and must not wait for an
   * attempt. Others that always have attempts would otherwise keep it from looking at all.
   * @param hasMore the queue had an attempt when it looked last
   */
  async turnOf(queue: string, hasMore: boolean): Promise<"turn" | "peek"> {
    for (let changes = 0; !this.#isClosed && !this.#isTurnOf(queue); changes += 1) {
      if (hasMore) this.#queueUp(queue);
      else if (changes === PEEK_AFTER) return "peek";
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return "turn";
  }

  /** Takes a place. Where there is none for the queue, it is next. */
  tryTake(queue: string): boolean {
    if (this.#isClosed) return false;
    if (!this.#isTurnOf(queue)) {
      this.#queueUp(queue);
      return false;
    }
    this.#leave(queue);
    this.#free -= 1;
    return true;
  }

  /** A queue has no attempt: its place is for others. */
  pass(queue: string): void {
    this.#leave(queue);
    this.#wake();
  }

  release(): void {
    this.#free += 1;
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #isTurnOf(queue: string): boolean {
    const index = this.#line.indexOf(queue);
    return this.#free > (index === -1 ? this.#line.length : index);
  }

  #queueUp(queue: string): void {
    if (!this.#line.includes(queue)) this.#line.push(queue);
  }

  #leave(queue: string): void {
    const index = this.#line.indexOf(queue);
    if (index !== -1) this.#line.splice(index, 1);
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
