// Answers with values of users as they are, which may be 100 MB and more: two at a time, for all clients together.

import type { RoutedName } from "@memodag/api-contract";

/** Operations whose answers have them. */
const WITH_WHOLE_VALUES: ReadonlySet<RoutedName> = new Set(["cache.show", "tasks.xcoms"]);

/** Answers in memory at once. Each takes about four times the size of its values while it is made. */
const MOST_AT_ONCE = 2;

/** See the file. The others wait for their turn. */
export class WholeValues {
  #inUse = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * Resolves when an answer may be made; call the returned function when it was sent, or will not be. It does nothing
   * for operations whose answers are small.
   * @param signal aborted when the client is gone
   */
  async enter(name: RoutedName, signal: AbortSignal): Promise<() => void> {
    if (!WITH_WHOLE_VALUES.has(name)) return () => undefined;
    if (this.#inUse < MOST_AT_ONCE) this.#inUse += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let isIn = true;
    const leave = (): void => {
      if (!isIn) return;
      isIn = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inUse -= 1;
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    return leave;
  }
}
