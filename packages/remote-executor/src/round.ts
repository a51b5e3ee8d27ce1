// Something that is done again whenever it is asked for, one at a time: requests during a round share the next one.

/** A round that can be asked for. */
export class Round {
  readonly #body: () => Promise<void>;
  #running: Promise<void> | undefined;
  #isDue = false;
  #isClosed = false;

  /** @param body never rejects */
  constructor(body: () => Promise<void>) {
    this.#body = body;
  }

  /** Has a round begin soon, after the one that runs. */
  request(): void {
    this.#isDue = true;
    if (!this.#running && !this.#isClosed) this.#running = this.#runWhileDue();
  }

  /** Begins no more rounds. Resolves when none runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #runWhileDue(): Promise<void> {
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      await this.#body();
    }
    this.#running = undefined;
  }
}
