// Logs of attempts that ran on this machine, in files, and of those that ran elsewhere, in the metadata database.

import { setTimeout as sleep } from "node:timers/promises";
import type {
  AttemptName,
  LogAmount,
  LoggedRun,
  LogRange,
  LogStore,
  LogTail,
  RunLogPlaces,
  RunLogs,
} from "@memodag/core";

/** How often a log is looked for that is in neither store yet, in milliseconds. */
const LOOK_EVERY_MS = 300;

/** Two stores as one: a log is in the second if the first does not have it. */
export class EitherLogStore implements LogStore {
  readonly #files: LogStore;
  readonly #database: LogStore;

  constructor(files: LogStore, database: LogStore) {
    this.#files = files;
    this.#database = database;
  }

  async append(attempt: AttemptName, chunk: Uint8Array): Promise<void> {
    await this.#files.append(attempt, chunk);
  }

  async size(attempt: AttemptName): Promise<number | undefined> {
    return (await this.#files.size(attempt)) ?? (await this.#database.size(attempt));
  }

  async *read(attempt: AttemptName, range?: LogRange): AsyncGenerator<Uint8Array> {
    yield* ((await this.#holderOf(attempt)) ?? this.#files).read(attempt, range);
  }

  async *tail(attempt: AttemptName, part: LogTail = {}): AsyncGenerator<string> {
    for (;;) {
      const over = (await part.isOver?.()) ?? true;
      const holder = await this.#holderOf(attempt);
      if (holder) return yield* holder.tail(attempt, part);
      if (over) return;
      await sleep(LOOK_EVERY_MS);
    }
  }

  async measure(run: LoggedRun): Promise<LogAmount> {
    return sum(await this.#files.measure(run), await this.#database.measure(run));
  }

  async remove(run: LoggedRun): Promise<LogAmount> {
    return sum(await this.#files.remove(run), await this.#database.remove(run));
  }

  /** Files alone can be left without a run: rows are removed with it. */
  scan(): AsyncIterable<RunLogs> {
    return this.#files.scan();
  }

  placesOf(run: LoggedRun): RunLogPlaces {
    return this.#files.placesOf(run);
  }

  async discard(logs: RunLogPlaces): Promise<void> {
    await this.#files.discard(logs);
  }

  placeOf(attempt: AttemptName): string {
    return this.#files.placeOf(attempt);
  }

  async #holderOf(attempt: AttemptName): Promise<LogStore | undefined> {
    if ((await this.#files.size(attempt)) !== undefined) return this.#files;
    return (await this.#database.size(attempt)) === undefined ? undefined : this.#database;
  }
}

function sum(a: LogAmount, b: LogAmount): LogAmount {
  return { count: a.count + b.count, sizeBytes: a.sizeBytes + b.sizeBytes };
}
