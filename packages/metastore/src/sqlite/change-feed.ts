// Hears of what other connections did to the file, on SQLite.

import type { Watch } from "@memodag/core";
import type { SqliteConnection } from "./connection.ts";

/** A look costs microseconds; a person does not notice the wait. In milliseconds. */
const LOOK_EVERY_MS = 100;

/** Looks at `data_version`, which moves when another connection commits, and never for one's own commits. */
export function watchCommits(connection: SqliteConnection, listener: () => void): Watch {
  const look = connection.statement("pragma data_version").pluck();
  let seen = look.get();
  const timer = setInterval(() => {
    if (!connection.isOpen) return;
    const version = look.get();
    if (version === seen) return;
    seen = version;
    listener();
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
    },
  };
}

/** Announces commits of this connection, which `data_version` does not show. */
export class OwnChanges {
  readonly #listeners = new Set<() => void>();

  announce(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Also hears of what other connections commit. */
  watch(connection: SqliteConnection, listener: () => void): Watch {
    const others = watchCommits(connection, listener);
    this.#listeners.add(listener);
    return {
      close: async () => {
        this.#listeners.delete(listener);
        await others.close();
      },
    };
  }
}
