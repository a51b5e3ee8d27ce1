// The folders that servers live in, and what killed runs left of them.

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "memodag-postgres-";
const STALE_AFTER_MS = 3_600_000;

/** Makes an empty folder. */
export function makeServerFolder(): string {
  return mkdtempSync(join(tmpdir(), PREFIX));
}

/** Removes folders that no run can still be using: a killed runner takes its server with it, not its files. */
export function removeStaleFolders(now: number): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = join(tmpdir(), name);
    const age = now - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? now);
    if (age > STALE_AFTER_MS) rmSync(folder, { recursive: true, force: true });
  }
}
