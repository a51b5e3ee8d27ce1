// Whom a server runs as. PostgreSQL refuses to run as root, and containers have nobody else.

import { chownSync, cpSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { PostgresBinaries } from "./binaries.ts";

/** Another user's numbers, as `spawn` takes them; empty when there is no need for one. */
export interface ServerAccount {
  readonly uid?: number;
  readonly gid?: number;
}

/** The user `nobody` of every Unix. */
const NOBODY = 65_534;

/** The account that a server started by this process runs as. */
export function serverAccount(): ServerAccount {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
}

/** Gives a folder that this process made to the account. */
export function giveFolder(folder: string, { uid, gid }: ServerAccount): void {
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
}

/** The binaries where the account can run them: copied to `folder` when they lie in a private home. */
export function reachableBinaries(
  binaries: PostgresBinaries,
  account: ServerAccount,
  folder: string,
): PostgresBinaries {
  if (account.uid === undefined || isOpenToAll(binaries.postgres)) return binaries;
  const native = dirname(dirname(binaries.postgres));
  const copy = join(folder, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres") };
}

const OTHERS_MAY_ENTER = 0o001;

function isOpenToAll(path: string): boolean {
  for (let folder = resolve(path); folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & OTHERS_MAY_ENTER) === 0) return false;
  }
  return true;
}
