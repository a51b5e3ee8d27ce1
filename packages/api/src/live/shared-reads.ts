// Reads that several clients ask for at the same time: those who watch ask for the same when an event names it.

interface Waiting {
  /** Begins when the one under way has ended; undefined: no one asked for it since that began. */
  next: Promise<unknown> | undefined;
  readonly underWay: Promise<unknown>;
}

/**
 * Has one read answer all who ask for it before it begins. A read that has begun is never shared: what it found may be
 * older than the request.
 */
export class SharedReads {
  readonly #reads = new Map<string, Waiting>();

  /** Resolves with the outcome of a read that began after this call. @param name the same for reads that find the same */
  async read(name: string, begin: () => Promise<unknown>): Promise<unknown> {
    const known = this.#reads.get(name);
    if (known === undefined) return await this.#begin(name, begin);
    known.next ??= known.underWay.then(
      () => this.#begin(name, begin),
      () => this.#begin(name, begin),
    );
    return await known.next;
  }

  #begin(name: string, begin: () => Promise<unknown>): Promise<unknown> {
    const underWay = begin();
    const entry: Waiting = { underWay, next: undefined };
    this.#reads.set(name, entry);
    const end = (): void => {
      if (entry.next === undefined) this.#reads.delete(name);
    };
    underWay.then(end, end);
    return underWay;
  }
}
