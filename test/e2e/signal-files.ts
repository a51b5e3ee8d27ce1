// Files by which tasks and tests tell each other how far they are.

import { readFileSync, watch } from "node:fs";
import { dirname } from "node:path";
import { COMMAND_TIMEOUT_MS } from "./patience.ts";

/** The text of a file as soon as it has some. Its folder must be there. */
export async function whenWritten(path: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const look = (): void => {
      const text = readIfThere(path);
      if (text !== "") settle(() => resolve(text));
    };
    // Watched before it is looked at, so that nothing comes in between.
    const watcher = watch(dirname(path), look);
    const giveUp = setTimeout(
      () => settle(() => reject(new Error(`${path} was not written`))),
      COMMAND_TIMEOUT_MS,
    );
    const settle = (end: () => void): void => {
      watcher.close();
      clearTimeout(giveUp);
      end();
    };
    look();
  });
}

/** True while there is a process of that id. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
