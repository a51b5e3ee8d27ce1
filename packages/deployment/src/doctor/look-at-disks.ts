// Checks the free space of the disks that memodag writes to.

import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { formatSize } from "@memodag/core";
import type { LoadedConfig } from "@memodag/config";
import type { Finding, FindingStatus } from "./finding.ts";

/** Below this many bytes a disk counts as full: SQLite needs some for a transaction. */
const FULL_BYTES = 16 * 2 ** 20;

/** Below this many bytes a disk is nearly full. */
const LOW_BYTES = 512 * 2 ** 20;

/** Checks the disks of a SQLite database, of logs and of artifacts. */
export function lookAtDisks({ config }: LoadedConfig): Finding[] {
  const { url } = config.database;
  const places = [
    ...(url.startsWith("sqlite:") && url !== "sqlite::memory:"
      ? [["the database", dirname(url.slice("sqlite:".length))] as const]
      : []),
    ["logs and artifacts", config.core.stateDir] as const,
  ];
  return places.flatMap(([what, folder]) => {
    // A missing directory is reported by another check.
    if (!existsSync(folder)) return [];
    const { bavail, bsize } = statfsSync(folder);
    return [diskFinding({ what, folder, freeBytes: bavail * bsize })];
  });
}

/** The finding for a disk with this much free space. */
export function diskFinding(disk: {
  readonly what: string;
  readonly folder: string;
  readonly freeBytes: number;
}): Finding {
  const { what, folder, freeBytes } = disk;
  const status: FindingStatus = freeBytes < FULL_BYTES ? "fail" : freeBytes < LOW_BYTES ? "warn" : "ok";
  const room = `${formatSize(freeBytes)} free for ${what} in ${folder}`;
  const full = status === "fail" ? "the disk is full: " : "";
  const hint =
    status === "ok" ? "" : ": free some space; `memodag cache gc` removes what the cache no longer needs";
  return { check: "disk", status, message: `${full}${room}${hint}` };
}
