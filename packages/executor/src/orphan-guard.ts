// Ends workers whose parent vanished while they were too busy to notice.
//
// A worker ends itself when its channel closes, but only once its event loop turns: a handler in a
// tight loop would go on for ever. The guard is one small shell for each executor. It is told which
// process groups live, and when the pipe closes, because the executor is gone by whatever means, it
// kills those that are left.

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
for group in $live; do kill -s KILL -- "-$group"; done
`;

/** Watches over process groups on behalf of this process. */
export class OrphanGuard {
  #orders: Writable | undefined;

  /** Has the group killed when this process ends before {@link remove}. */
  add(group: number): void {
    this.#orders ??= startGuard();
    this.#orders.write(`add ${group}\n`);
  }

  /** Forgets a group that has ended. */
  remove(group: number): void {
    this.#orders?.write(`remove ${group}\n`);
  }

  /** Ends the guard. */
  close(): void {
    this.#orders?.end();
    this.#orders = undefined;
  }
}

function startGuard(): Writable {
  // A session of its own: what ends this process's group (Ctrl-C, say) must not end the guard first.
  const guard = spawn("/bin/sh", ["-c", SCRIPT], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  guard.unref();
  // Without a guard workers still end themselves; only those in a tight loop are left to the system.
  guard.on("error", () => undefined);
  const orders = guard.stdin;
  orders.on("error", () => undefined);
  if ("unref" in orders && typeof orders.unref === "function") orders.unref();
  return orders;
}
