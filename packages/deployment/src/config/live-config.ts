// The config of a long-running process: as it was at the start, and as the file has changed since.

import {
  compareConfigs,
  loadConfig,
  withLiveKeys,
  type Config,
  type ConfigChange,
  type LoadedConfig,
} from "@memodag/config";
import { messageOf, stat, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import { ownEnvironment } from "./environment-secrets.ts";

/**
 * Polling interval for the file, in milliseconds. The file is read when two consecutive looks find it
 * unchanged, never half written; a change takes effect within a second.
 */
const LOOK_EVERY_MS = 200;

/** How a {@link LiveConfig} follows its file. */
export interface FollowParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with the keys of every change, including those that need a restart. */
  readonly onChange?: (changes: readonly ConfigChange[]) => void;
}

/** A config that follows its file. While the file is invalid, its last valid contents apply. */
export class LiveConfig {
  readonly #file: string | null;
  /** The config at the start, which applies to keys that are not live. */
  readonly #started: LoadedConfig;
  #running: LoadedConfig;
  /** The latest valid contents of the file. */
  #read: LoadedConfig;
  #isFaulty = false;
  #cancel: CancelTimer = () => undefined;
  #isClosed = false;

  constructor(loaded: LoadedConfig) {
    this.#file = loaded.file;
    this.#started = loaded;
    this.#running = loaded;
    this.#read = loaded;
  }

  /** The config that applies now. */
  get loaded(): LoadedConfig {
    return this.#running;
  }

  /** The config that applies now. */
  get config(): Config {
    return this.#running.config;
  }

  /** Follows the file until it is closed; does nothing without a file. */
  async follow(parts: FollowParts): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    let read = await signOf(file);
    let lastSeen = read;
    const look = async (): Promise<void> => {
      const seen = await signOf(file);
      if (seen === lastSeen && seen !== read) {
        read = seen;
        this.#readAgain(file, parts);
      }
      lastSeen = seen;
      if (!this.#isClosed) this.#cancel = parts.clock.after(LOOK_EVERY_MS, () => void look());
    };
    this.#cancel = parts.clock.after(LOOK_EVERY_MS, () => void look());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  #readAgain(file: string, { log, onChange }: FollowParts): void {
    let next: LoadedConfig;
    try {
      next = loadConfig({ file, env: ownEnvironment(), cwd: process.cwd() });
    } catch (error) {
      this.#isFaulty = true;
      log.warn("the config file has faults; what it said before holds", { error: messageOf(error) });
      return;
    }
    if (this.#isFaulty) log.info("the config file has no faults any more", { file });
    this.#isFaulty = false;
    const changes = compareConfigs(this.#read, next);
    this.#read = next;
    if (changes.length === 0) return;
    this.#running = withLiveKeys(this.#started, next);
    this.#tell(file, changes, log);
    onChange?.(changes);
  }

  #tell(file: string, changes: readonly ConfigChange[], log: Logger): void {
    const live = changes.filter(({ isLive }) => isLive);
    if (live.length > 0) log.info("the config file was changed", { file, changed: live.map(shownChange) });
    if (live.length === changes.length) return;
    // A key that was set back to its value at the start needs no restart.
    const pending = compareConfigs(this.#started, this.#read).filter(({ isLive }) => !isLive);
    if (pending.length === 0) log.info("the config file needs no restart any more", { file });
    else
      log.warn("restart needed for what was changed in the config file", {
        file,
        keys: pending.map(shownChange),
      });
  }
}

function shownChange({ path, before, after }: ConfigChange): string {
  return `${path}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`;
}

/** A fingerprint of the file's state; the same for every missing file. */
async function signOf(file: string): Promise<string> {
  try {
    const { mtimeNs, ctimeNs, size, ino } = await stat(file, { bigint: true });
    return [mtimeNs, ctimeNs, size, ino].join(":");
  } catch {
    // Reading it will report the reason.
    return "unreadable";
  }
}
