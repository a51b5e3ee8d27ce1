// A cgroup for each attempt, where this process may make some: nothing that an attempt starts gets out of it.
//
// Version 2 alone has `cgroup.kill` (Linux 5.14), which ends all of a group however fast it forks. Under systemd
// a service or a user's session may make groups when they are delegated to it; root may anyway. Where it is
// not possible, which is so in most containers, the processes of an attempt are found by their mark.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Makes groups below the one that this process is in. */
export class AttemptCgroups {
  readonly #root: string | null;
  #isUsable: boolean;
  /** Groups whose processes were killed and had not ended yet. */
  readonly #left = new Set<string>();

  /** `root` is the group below which they are made; `null`: there are none. */
  constructor(root: string | null = findOwnCgroup()) {
    this.#root = root;
    this.#isUsable = root !== null;
  }

  /** Puts a process, which has started nothing yet, into a group of its own; `undefined` where that cannot be. */
  tryEnclose(name: string, pid: number): string | undefined {
    if (this.#root === null || !this.#isUsable) return undefined;
    const path = join(this.#root, `memodag-${name}`);
    try {
      mkdirSync(path);
      if (!existsSync(join(path, "cgroup.kill")))
        throw new Error("no cgroup of version 2 that can be killed");
      writeFileSync(join(path, "cgroup.procs"), String(pid));
      return path;
    } catch {
      this.#isUsable = false;
      this.#left.add(path);
      this.removeEmpty();
      return undefined;
    }
  }

  /** Kills all processes of a group. */
  kill(path: string): void {
    try {
      writeFileSync(join(path, "cgroup.kill"), "1");
    } catch {
      // The group is gone, and so is all that was in it.
    }
  }

  /** Forgets a group whose processes were killed; it is removed when the last of them has ended. */
  release(path: string): void {
    this.#left.add(path);
    this.removeEmpty();
  }

  /** Removes groups whose last process has ended by now. */
  removeEmpty(): void {
    for (const path of this.#left) {
      try {
        removeGroup(path);
        this.#left.delete(path);
      } catch (error) {
        // As long as it is busy it can be tried again.
        if ((error as NodeJS.ErrnoException).code !== "EBUSY") this.#left.delete(path);
      }
    }
  }
}

/** With the groups that a memodag in it made, and had no time to remove. */
function removeGroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(path, entry.name));
  }
  rmdirSync(path);
}

/** The group of version 2 that this process is in; `null` where there is none. */
function findOwnCgroup(): string | null {
  try {
    const own = /^0::(\/.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
    const mount = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .find((line) => line.includes(" - cgroup2 "));
    const [root, point] = (mount?.split(" ") ?? []).slice(3, 5);
    if (own === undefined || root === undefined || point === undefined) return null;
    // In a namespace of its own the mount may show a part of the tree alone.
    if (root !== "/" && own !== root && !own.startsWith(`${root}/`)) return null;
    const path = join(point, root === "/" ? own : own.slice(root.length));
    return existsSync(path) ? path : null;
  } catch {
    return null;
  }
}
