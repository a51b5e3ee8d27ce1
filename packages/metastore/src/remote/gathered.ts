// Joins calls that come together into one: while a batch is under way, the next one gathers. A commit that is flushed to
// disk, or a query, then serves many requests, and one that comes alone does not wait.

/** Calls in one batch at most. */
const MOST = 100;

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly answer: PromiseWithResolvers<Answer>;
}

/** Calls that are answered in batches, one batch at a time. */
export class Gathered<Item, Answer> {
  readonly #work: (items: readonly Item[]) => Promise<readonly Answer[]>;
  #waiting: Waiting<Item, Answer>[] = [];
  #isBusy = false;

  /** @param work answers items in their order; repeated for each item by itself when it fails for several */
  constructor(work: (items: readonly Item[]) => Promise<readonly Answer[]>) {
    this.#work = work;
  }

  /** Resolves to the answer to an item. @throws what `work` throws for it */
  async call(item: Item): Promise<Answer> {
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.push({ item, answer });
    if (!this.#isBusy) {
      this.#isBusy = true;
      // Requests that arrived in the same turn of the event loop come along.
      setImmediate(() => void this.#run());
    }
    return await answer.promise;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) await this.#answer(this.#waiting.splice(0, MOST));
    this.#isBusy = false;
  }

  async #answer(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#work(batch.map(({ item }) => item));
      for (const [index, { answer }] of batch.entries()) answer.resolve(answers[index] as Answer);
    } catch (error) {
      // One that the database refuses must not fail the others.
      if (batch.length > 1) for (const one of batch) await this.#answer([one]);
      else batch[0]?.answer.reject(error);
    }
  }
}
