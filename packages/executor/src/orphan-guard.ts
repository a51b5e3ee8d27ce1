// Ends workers whose parent vanished while they were too busy to notice, and removes what it left behind.
//
// A worker ends itself when its channel closes, but only once its event loop turns: a handler in a
// tight loop would go on for ever, and what it started in sessions of their own would in any case. The guard is
// one small shell for each executor. It is told which process groups and cgroups live, and when the pipe closes,
// because the executor is gone by whatever means, it kills those that are left, then whatever carries the
// executor's mark, and removes the folder in which commands were given their arguments.

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
while [ "$round" -lt 20 ] && found=$(grep -lF -- "$1" /proc/[0-9]*/environ 2>/dev/null) && [ -n "$found" ]; do
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

/** What a guard looks after, beside process groups. */
export interface GuardedExecutor {
  /** In the environment of every process of the executor's attempts. */
  readonly mark: string;
  /** Removed at the end; empty for none. */
  readonly folder: string;
}

/** A process group and, where it has one, its cgroup. */
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

  /** Has the group killed when this process ends before {@link remove}. */
  add(group: GuardedGroup): void {
    this.#orders ??= startGuard(this.#guarded);
    this.#orders.write(`add ${entryOf(group)}\n`);
  }

  /** Forgets a group that has ended. */
  remove(group: GuardedGroup): void {
    this.#orders?.write(`remove ${entryOf(group)}\n`);
  }

  /** Ends the guard. */
  close(): void {
    this.#orders?.end();
    this.#orders = undefined;
  }
}

/** One word; a cgroup whose path is none is left to its processes' mark. */
function entryOf({ group, cgroup = "" }: GuardedGroup): string {
  return `${group}:${/^[\w/.@:-]*$/.test(cgroup) ? cgroup : ""}`;
}

function startGuard({ mark, folder }: GuardedExecutor): Writable {
  // A session of its own: what ends this process's group (Ctrl-C, say) must not end the guard first.
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "memodag-guard", mark, folder], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.unref();
  // Without a guard workers still end themselves; only those in a tight loop are left to the system.
  guard.on("error", () => undefined);
  const orders = guard.stdin;
  orders.on("error", () => undefined);
  if ("unref" in orders && typeof orders.unref === "function") orders.unref();
  return orders;
}
