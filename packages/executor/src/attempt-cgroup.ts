// Puts each attempt into its own cgroup, if this process can create one: no process of the attempt can
// leave it.
//
// Only version 2 has `cgroup.kill` (Linux 5.14), which kills a whole group however fast it forks. Under
// systemd, a service or a user session can create groups if they are delegated to it; root always can. If
// it is impossible, as in most containers, the processes of an attempt are found by their mark.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Creates groups below the one of this process. */
export class AttemptCgroups {
  readonly #root: string | null;
  #isUsable: boolean;
  /** Groups whose processes were killed but have not ended yet. */
  readonly #left = new Set<string>();

  /** `root` is the group below which they are created; `null`: none. */
  constructor(root: string | null = findOwnCgroup()) {
    this.#root = root;
    this.#isUsable = root !== null;
  }

  /** Creates a group for one process. Returns `undefined` if that is impossible. */
  tryCreate(name: string): string | undefined {
    if (this.#root === null || !this.#isUsable) return undefined;
    const path = join(this.#root, `memodag-${name}`);
    try {
      mkdirSync(path);
      if (existsSync(join(path, "cgroup.kill"))) return path;
    } catch {
      // This process may not create groups here.
    }
    this.#giveUp(path);
    return undefined;
  }

  /**
   * Moves a process that has not started others yet into a group. Resolves to false if that is impossible.
   * The kernel may take tens of milliseconds for it, in which nothing else of this process waits.
   */
  async tryEnclose(path: string, pid: number): Promise<boolean> {
    try {
      await writeFile(join(path, "cgroup.procs"), String(pid));
      return true;
    } catch (error) {
      // The process has ended.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") this.#giveUp(path);
      return false;
    }
  }

  #giveUp(path: string): void {
    this.#isUsable = false;
    this.#left.add(path);
    this.removeEmpty();
  }

  /** Kills all processes of a group. */
  kill(path: string): void {
    try {
      writeFileSync(join(path, "cgroup.kill"), "1");
    } catch {
      // The group, and everything in it, is gone.
    }
  }

  /** Releases a group whose processes were killed. It is removed when the last of them has ended. */
  release(path: string): void {
    this.#left.add(path);
    this.removeEmpty();
  }

  /** Removes groups whose last process has ended. */
  removeEmpty(): void {
    for (const path of this.#left) {
      try {
        removeGroup(path);
        this.#left.delete(path);
      } catch (error) {
        // While it is busy, removal can be retried.
        if ((error as NodeJS.ErrnoException).code !== "EBUSY") this.#left.delete(path);
      }
    }
  }
}

/** Also removes groups that a nested memodag created but could not remove. */
function removeGroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(path, entry.name));
  }
  rmdirSync(path);
}

/** Returns the version 2 group of this process, or `null`. */
function findOwnCgroup(): string | null {
  try {
    const own = /^0::(\/.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
    const mount = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .find((line) => line.includes(" - cgroup2 "));
    const [root, point] = (mount?.split(" ") ?? []).slice(3, 5);
    if (own === undefined || root === undefined || point === undefined) return null;
    // In a cgroup namespace, the mount may show only a part of the tree.
    if (root !== "/" && own !== root && !own.startsWith(`${root}/`)) return null;
    const path = join(point, root === "/" ? own : own.slice(root.length));
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}
