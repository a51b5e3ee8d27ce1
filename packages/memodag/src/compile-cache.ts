// Finds the folder for compiled code: a folder of this user's own, or none.
//
// Node would take one below the shared temporary folder, whose first maker decides its contents, and runs
// what it finds there. Imports nothing of memodag's: it is asked before anything else is loaded.

import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/** Whose folder it has to be. */
export interface FolderOwner {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
}

const GROUP_AND_OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const ROOT = 0;

/**
 * The folder, made where it is missing: `memodag` below `$XDG_CACHE_HOME` or `~/.cache`, which this user
 * alone can look into. `undefined` where anyone else could have put something there: compiled code is not kept then.
 */
export function findCacheFolder({ env, uid }: FolderOwner): string | undefined {
  try {
    const base = realpathSync(makeFolder(cacheHome(env)));
    for (let folder = base; ; folder = dirname(folder)) {
      if (!isSafeAbove(folder, uid)) return undefined;
      if (folder === dirname(folder)) break;
    }
    const own = makeFolder(join(base, "memodag"));
    const { mode, uid: owner } = lstatSync(own);
    if (!lstatSync(own).isDirectory() || owner !== uid || (mode & GROUP_AND_OTHERS) !== 0) return undefined;
    return own;
  } catch {
    // No home, a full disk, a file in the way: memodag starts without.
    return undefined;
  }
}

function cacheHome({ XDG_CACHE_HOME: named, HOME: home }: FolderOwner["env"]): string {
  // As the standard has it, a path that is not absolute is ignored.
  if (named !== undefined && isAbsolute(named)) return named;
  return join(home !== undefined && isAbsolute(home) ? home : homedir(), ".cache");
}

/** Not the folders above it: a home that is not there is not to be made. */
function makeFolder(path: string): string {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return path;
}

/** True when no other user, except root, can put another folder in the place of one that lies in this one. */
function isSafeAbove(folder: string, uid: number): boolean {
  const { mode, uid: owner } = lstatSync(folder);
  if (owner !== uid && owner !== ROOT) return false;
  return (mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0;
}
