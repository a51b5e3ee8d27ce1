// Who holds a lease, so that the leases of a dead process on this host are free at once.

import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { sha256 } from "@memodag/core";

/** A new holder's name: `place:pid:nonce`. */
export function newOwner(): string {
  return `${placeOfProcess()}:${process.pid}:${randomBytes(6).toString("hex")}`;
}

/**
 * True when `owner` was a process of this place that is gone. A process elsewhere is never called dead,
 * and one whose number has been given to another process is taken for alive: its lease expires instead.
 */
export function isDeadOwner(owner: string): boolean {
  const [place, pid] = owner.split(":");
  if (place !== placeOfProcess() || !/^\d+$/.test(pid ?? "")) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

let place: string | undefined;

/** Where process numbers mean the same: the host, since its last boot, in this process's namespace. */
function placeOfProcess(): string {
  place ??= sha256(
    [
      hostname(),
      orEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
      orEmpty(() => readlinkSync("/proc/self/ns/pid")),
    ].join("\n"),
  ).slice(0, 16);
  return place;
}

/** These files are Linux's; elsewhere the host name has to do. */
function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
