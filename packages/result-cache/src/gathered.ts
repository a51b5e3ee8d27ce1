// Items that are handed in one by one within a turn of the event loop, and dealt with together after it.

/** Gathers items; `work` gets all of a turn, and must not reject. */
export class Gathered<T> {
  readonly #work: (items: readonly T[]) => Promise<void>;
  #items: T[] = [];
  #done: Promise<void> | undefined;

  constructor(work: (items: readonly T[]) => Promise<void>) {
    this.#work = work;
  }

  /** Resolves when the work on this item, and on those handed in with it, is done. */
  async add(item: T): Promise<void> {
    this.#items.push(item);
    this.#done ??= this.#start();
    await this.#done;
  }

  async #start(): Promise<void> {
    await Promise.resolve();
    const items = this.#items;
    this.#items = [];
    this.#done = undefined;
    await this.#work(items);
  }
}
