// Is there room on the disks that memodag writes to?

import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { formatSize } from "@memodag/core";
import type { LoadedConfig } from "@memodag/config";
import type { Finding, FindingStatus } from "./finding.ts";

/** Under this many bytes a disk is as good as full: SQLite needs some for a transaction. */
const FULL_BYTES = 16 * 2 ** 20;

/** Under this many bytes it will be full soon. */
const LOW_BYTES = 512 * 2 ** 20;

/** Looks at the disk of a SQLite database, and at that of logs and artifacts. */
export function lookAtDisks({ config }: LoadedConfig): Finding[] {
  const { url } = config.database;
  const places = [
    ...(url.startsWith("sqlite:") && url !== "sqlite::memory:"
      ? [["the database", dirname(url.slice("sqlite:".length))] as const]
      : []),
    ["logs and artifacts", config.core.stateDir] as const,
  ];
  return places.flatMap(([what, folder]) => {
    // That a folder is not there is a finding of its own.
    if (!existsSync(folder)) return [];
    const { bavail, bsize } = statfsSync(folder);
    return [diskFinding({ what, folder, freeBytes: bavail * bsize })];
  });
}

/** What a disk with so much room comes to. */
export function diskFinding(disk: {
  readonly what: string;
  readonly folder: string;
  readonly freeBytes: number;
}): Finding {
  const { what, folder, freeBytes } = disk;
  const status: FindingStatus = freeBytes < FULL_BYTES ? "fail" : freeBytes < LOW_BYTES ? "warn" : "ok";
  const room = `${formatSize(freeBytes)} free for ${what} in ${folder}`;
  const full = status === "fail" ? "the disk is full: " : "";
  const mend = status === "ok" ? "" : ": make room, `memodag cache gc` frees what the cache does not need";
  return { check: "disk", status, message: `${full}${room}${mend}` };
}
