// Terminates workers whose parent vanished while they were too busy to notice, and removes leftover
// files.
//
// A worker exits when its channel closes, but only when its event loop turns: a handler in a tight loop
// would run indefinitely, and so would processes in other sessions. The guard is one small shell per
// executor. The executor tells it which process groups and cgroups are alive. When the pipe closes,
// because the executor has ended for any reason, the guard kills the remaining groups, then every process
// with the executor's mark, and removes the folder of commands' files.

import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

const SCRIPT = `
live=" "
while read -r what group; do
  case "$what" in
    add) live="$live$group " ;;
    remove) live="\${live%% $group *} \${live#* $group }" ;;
  esac
done
for entry in $live; do
  group="\${entry%%:*}" cgroup="\${entry#*:}"
  kill -s KILL -- "-$group"
  [ -z "$cgroup" ] || echo 1 > "$cgroup/cgroup.kill"
done
round=0
# grep fails as well when a process ends that it has listed.
while [ "$round" -lt 20 ] && { found=$(grep -lF -- "$1" /proc/[0-9]*/environ 2>/dev/null) || true; [ -n "$found" ]; }; do
  for file in $found; do
    pid="\${file#/proc/}"
    kill -s KILL "\${pid%/environ}"
  done
  round=$((round + 1))
done
for entry in $live; do
  cgroup="\${entry#*:}"
  [ -z "$cgroup" ] || rmdir "$cgroup" || { sleep 1; rmdir "$cgroup"; }
done
[ -z "$2" ] || rm -rf -- "$2"
`;

/** The resources of a guard, besides process groups. */
export interface GuardedExecutor {
  /** Part of the environment of every process of the executor's attempts. */
  readonly mark: string;
  /** Removed at the end; empty for none. */
  readonly folder: string;
}

/** A process group and its cgroup, if any. */
export interface GuardedGroup {
  readonly group: number;
  readonly cgroup: string | undefined;
}

/** Watches over process groups on behalf of this process. */
export class OrphanGuard {
  readonly #guarded: GuardedExecutor;
  #orders: Writable | undefined;

  constructor(guarded: GuardedExecutor) {
    this.#guarded = guarded;
  }

  /** Registers a group to be killed if this process ends before {@link remove}. */
  add(group: GuardedGroup): void {
    this.#orders ??= startGuard(this.#guarded);
    this.#orders.write(`add ${entryOf(group)}\n`);
  }

  /** Unregisters a group that has ended. */
  remove(group: GuardedGroup): void {
    this.#orders?.write(`remove ${entryOf(group)}\n`);
  }

  /** Ends the guard. */
  close(): void {
    this.#orders?.end();
    this.#orders = undefined;
  }
}

/** One word. If a cgroup's path contains white space, its processes are found by their mark instead. */
function entryOf({ group, cgroup = "" }: GuardedGroup): string {
  return `${group}:${/^[\w/.@:-]*$/.test(cgroup) ? cgroup : ""}`;
}

function startGuard({ mark, folder }: GuardedExecutor): Writable {
  // In its own session: a signal to this process's group (such as Ctrl-C) must not end the guard first.
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "memodag-guard", mark, folder], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  // Without a guard, workers still exit by themselves, except those in a tight loop.
  guard.on("error", () => undefined);
  const orders = guard.stdin;
  orders.on("error", () => undefined);
  if ("unref" in orders && typeof orders.unref === "function") orders.unref();
  return orders;
}
