// The key of digests of secrets: a file in the state directory, created when it is first needed.
//
// It is complete before it gets its name, so that no process can read a part of it, and it is accepted only
// if no other user can read it: with the key, secrets can be guessed from their digests.

import { randomBytes, randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { MemodagError, nameFileFault, OWN_FILE_MODE, OWN_FOLDER_MODE } from "@memodag/core";

/** The length of a key. */
export const SECRET_KEY_BYTES = 32;
const ROOT = 0;
const PERMISSIONS = 0o777;
const GROUP_AND_OTHERS = 0o077;

/**
 * Reads the key, or creates one that only this user may read. Concurrent processes end up with the same key.
 * @throws MemodagError `secret_key_invalid` when the file is not a key that only this user can have read,
 * `disk_failed` when there is none and it cannot be created
 */
export function readSecretKey(stateDir: string, uid: number | undefined = process.geteuid?.()): Uint8Array {
  const path = join(stateDir, "secret.key");
  const known = tryRead(path, uid);
  if (known) return known;
  try {
    makeKey(stateDir, path);
  } catch (error) {
    throw nameFileFault(error, { what: "secret.key", path: stateDir, setting: "[core] state_dir" });
  }
  const made = tryRead(path, uid);
  if (made) return made;
  throw invalid(path, "was removed while it was read", "start again");
}

/**
 * The key if there is one, to check what was made with it.
 * @throws MemodagError `secret_key_invalid`, like {@link readSecretKey}
 */
export function findSecretKey(stateDir: string): Uint8Array | undefined {
  return tryRead(join(stateDir, "secret.key"), process.geteuid?.());
}

/** Written and synced under a temporary name first; the first of several processes to link it wins. */
function makeKey(stateDir: string, path: string): void {
  mkdirSync(stateDir, { recursive: true, mode: OWN_FOLDER_MODE });
  const temporary = `${path}.${randomUUID()}`;
  try {
    writeFileSync(temporary, randomBytes(SECRET_KEY_BYTES), { flag: "wx", mode: OWN_FILE_MODE, flush: true });
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  flushFolder(stateDir);
}

/** Makes the name durable, like everything that was digested with the key. */
function flushFolder(folder: string): void {
  const fd = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function tryRead(path: string, uid: number | undefined): Uint8Array | undefined {
  let fd: number;
  try {
    // Does not follow a link, and does not wait for the writer of a pipe.
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "ELOOP") throw invalid(path, "is a symbolic link", "put the key itself there", error);
    if (code === "EACCES") {
      throw invalid(
        path,
        "belongs to another user",
        "run memodag as that user, or chown it to this one",
        error,
      );
    }
    throw nameFileFault(error, { what: "secret.key", path });
  }
  try {
    return readChecked(fd, path, uid);
  } finally {
    closeSync(fd);
  }
}

function readChecked(fd: number, path: string, uid: number | undefined): Uint8Array {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw invalid(path, "is no regular file", "remove it, a key is made anew");
  if (uid !== undefined && !isTrustedOwner(stat.uid, uid, dirname(path))) {
    const owner = `belongs to user ${stat.uid}, and memodag runs as ${uid}`;
    throw invalid(path, owner, `run memodag as that user, or \`chown ${uid}\` it if its key is to be kept`);
  }
  if ((stat.mode & GROUP_AND_OTHERS) !== 0) {
    const mode = (stat.mode & PERMISSIONS).toString(8).padStart(3, "0");
    throw invalid(
      path,
      `may be read or written by others (mode ${mode})`,
      "`chmod 600` it; remove it if others may have read it",
    );
  }
  const key = stat.size === SECRET_KEY_BYTES ? readFileSync(fd) : undefined;
  if (key?.length === SECRET_KEY_BYTES) return key;
  throw invalid(
    path,
    `has ${stat.size} bytes where a key has ${SECRET_KEY_BYTES}`,
    "put it back from a backup or remove it: a key is made anew, and digests of secrets are then new",
  );
}

/**
 * This user or, for root, the owner of the directory: this happens when root of a container uses a directory
 * of the host. That owner could replace the key anyway, and no other user can.
 */
function isTrustedOwner(owner: number, uid: number, folder: string): boolean {
  return owner === uid || (uid === ROOT && owner === statSync(folder).uid);
}

function invalid(path: string, what: string, fix: string, cause?: unknown): MemodagError {
  return new MemodagError("secret_key_invalid", `${path} ${what}: ${fix}`, { cause, fields: { path } });
}
