// Names the holders of leases, so that the leases of a dead process on this host can be taken over at once.

import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { sha256 } from "@memodag/core";

/** A new holder's name: `place:pid:nonce`. */
export function newOwner(): string {
  return `${placeOfProcess()}:${process.pid}:${randomBytes(6).toString("hex")}`;
}

/**
 * True when `owner` was a process on this host that no longer exists. A process on another host is never
 * considered dead, and one whose pid has been reused is considered alive: its lease expires instead.
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

/** The namespace of process ids: the host, its last boot, and the pid namespace of this process. */
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

/** These files exist on Linux only; elsewhere the host name has to suffice. */
function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
