// Has people see which services run: each notes in the metadata database that it does.

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { messageOf, systemClock, type Logger, type ProcessBoard, type ServiceKind } from "@memodag/core";

/** Milliseconds between notes. */
const BEAT_MS = 10_000;

/** Milliseconds after which a process that did not end properly is forgotten. */
const FORGET_MS = 3_600_000;

/** The process, as it is shown to people. */
export interface BeatOptions {
  readonly kind: ServiceKind;
  /** Of memodag. */
  readonly version: string;
  /** Attempts that it runs at a time; `null`: it runs none. */
  slots(): number | null;
  readonly log: Logger;
}

/** Notes at once and then every ten seconds that this process runs, until the returned function is called. Never fails. */
export function beatProcess(
  processes: ProcessBoard,
  { kind, version, slots, log }: BeatOptions,
): () => Promise<void> {
  const own = { id: randomUUID(), kind, host: hostname(), pid: process.pid, version };
  let cancel: () => void = () => undefined;
  let isOver = false;
  const beat = async (): Promise<void> => {
    await quietly(processes.beat({ ...own, slots: slots() }, FORGET_MS));
    if (!isOver) cancel = systemClock.after(BEAT_MS, () => void (beating = beat()));
  };
  // Those who need the database say that it cannot be used.
  const quietly = (work: Promise<void>) =>
    work.catch((error: unknown) =>
      log.debug("cannot note that this process runs", { error: messageOf(error) }),
    );
  let beating = beat();
  return async () => {
    isOver = true;
    cancel();
    await beating;
    await quietly(processes.remove(own.id));
  };
}
