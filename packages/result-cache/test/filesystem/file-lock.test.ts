import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@memodag/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileLock } from "../../src/filesystem/file-lock.ts";
import { ManualClock } from "@memodag/core/testing";
import { makeScratchFolder, type ScratchFolder } from "./scratch-folder.ts";

const MINUTE_MS = 60_000;

let scratch: ScratchFolder;
let path: string;

beforeEach(async () => {
  scratch = await makeScratchFolder();
  path = join(scratch.path, "key.lock");
});

afterEach(() => scratch.remove());

/** Makes the lock look as if it had been taken a minute ago, by the file system's clock. */
async function age(): Promise<void> {
  const then = new Date(Date.now() - MINUTE_MS);
  await utimes(path, then, then);
}

/** What `of` waiters find when all want the lock at once: how many held it at a time, at most. */
async function mostHolders(of: number, turn: () => Promise<void>): Promise<number> {
  let holders = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: of }, async () => {
      const lock = new FileLock(path, systemClock);
      await lock.acquire();
      most = Math.max(most, (holders += 1));
      await turn();
      holders -= 1;
      await lock.release();
    }),
  );
  return most;
}

test.each(["", "11111111-2222-3333-4444-555555555555"])(
  "a dead holder's lock (%j) is broken by one of its waiters, whatever their number",
  async (token) => {
    for (let round = 0; round < 10; round += 1) {
      await writeFile(path, token);
      await age();
      expect(await mostHolders(12, () => new Promise((resolve) => setImmediate(resolve)))).toBe(1);
      expect(await readdir(scratch.path)).toEqual([]);
    }
  },
);

test("a holder that was taken for dead lets go of nobody else's lock", async () => {
  const clock = new ManualClock();
  const sleeper = new FileLock(path, clock);
  await sleeper.acquire();
  await age();
  clock.advance(MINUTE_MS);
  const next = new FileLock(path, systemClock);
  await next.acquire();
  await sleeper.release();
  expect(await readdir(scratch.path)).toEqual(["key.lock"]);
  await next.release();
  expect(await readdir(scratch.path)).toEqual([]);
});

test("a holder that slept and was not broken lets go of its own", async () => {
  const clock = new ManualClock();
  const sleeper = new FileLock(path, clock);
  await sleeper.acquire();
  clock.advance(MINUTE_MS);
  await sleeper.release();
  expect(await readdir(scratch.path)).toEqual([]);
});

test("a claim to break a lock that was left by a killed waiter is broken as well", async () => {
  await writeFile(path, "11111111-2222-3333-4444-555555555555");
  await age();
  const claim = `${path}.11111111-2222-3333-4444-555555555555.broken`;
  await writeFile(claim, "");
  const then = new Date(Date.now() - MINUTE_MS);
  await utimes(claim, then, then);
  const lock = new FileLock(path, systemClock);
  await lock.acquire();
  await lock.release();
  expect(await readdir(scratch.path)).toEqual([]);
});

test("the host's clock has no say in a lock's age", async () => {
  const ahead = { ...systemClock, now: () => Date.now() + 24 * 60 * MINUTE_MS };
  const holder = new FileLock(path, systemClock);
  await holder.acquire();
  const waiter = new FileLock(path, ahead);
  let isHeld = false;
  const acquired = waiter.acquire().then(() => (isHeld = true));
  for (let look = 0; look < 100; look += 1) await readdir(scratch.path);
  expect(isHeld).toBe(false);
  await holder.release();
  await acquired;
  await waiter.release();
});
