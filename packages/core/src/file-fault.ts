// Tells faults of disks and folders, which an operator can fix, from bugs; and who may read what memodag writes.

import { MemodagError, messageOf } from "./errors.ts";

/** Folders that memodag makes are their user's alone. */
export const OWN_FOLDER_MODE = 0o700;

/** Files that memodag makes are their user's alone. */
export const OWN_FILE_MODE = 0o600;

/** What is wrong and how to fix it, by the system's code. */
const FAULTS: Readonly<Record<string, readonly [reason: string, fix: string]>> = {
  ENOSPC: ["its disk is full", "free space on it"],
  EDQUOT: ["its quota is used up", "free space there or raise the quota"],
  EROFS: ["its file system is read-only", "mount it writable"],
  EACCES: ["permission denied", "give it to the user that runs memodag"],
  EPERM: ["operation not permitted", "give it to the user that runs memodag"],
  EIO: ["input/output error", "check its disk"],
  EFBIG: ["the file would be too large", "raise the limit of file sizes (ulimit -f)"],
  EMFILE: ["too many open files", "raise the limit of open files (ulimit -n)"],
  ENFILE: ["too many open files in the whole system", "raise the system's limit (fs.file-max)"],
  ENOTDIR: ["a file stands where a folder is expected", "move that file away"],
  ELOOP: ["its symbolic links lead in a circle", "remove the link"],
  ESTALE: ["its network file system lost it", "mount it again"],
  ENXIO: ["its device is gone", "check its disk"],
  ENODEV: ["its device is gone", "check its disk"],
};

/** What making a folder, with those above it, says in words of its own. */
const MKDIR_FAULTS: typeof FAULTS = {
  EEXIST: ["a file stands where a folder is expected", "move that file away"],
  ENOENT: ["it cannot be made there", "mount its file system writable, or make the folder above it"],
};

/** What was to be done with which folder or file. */
export interface FileUse {
  /** What the files are, such as "artifacts". */
  readonly what: string;
  /** The folder or file that an operator looks at. */
  readonly path: string;
  /** The config key that names another place, such as "[core] state_dir"; none when there is none. */
  readonly setting?: string;
}

/** True for a fault of a disk, a folder or a limit of the system: no bug, and no fault of a task. */
export function isFileFault(error: unknown): boolean {
  return (error instanceof MemodagError && error.code === "disk_failed") || faultOf(error) !== undefined;
}

/** The named error in place of a fault of a disk; anything else as it is. */
export function nameFileFault(error: unknown, { what, path, setting }: FileUse): unknown {
  const fault = faultOf(error);
  if (fault === undefined) return error;
  const [reason, fix] = fault;
  const orElse = setting === undefined ? "" : `, or set ${setting} to another place`;
  return new MemodagError(
    "disk_failed",
    `${path} cannot be written to (${what}): ${reason} (${codeOf(error)}): ${fix}${orElse}`,
    { cause: error, fields: { path, reason: codeOf(error) } },
  );
}

/** The named error of a fault of a disk about which nothing is known but what the system said. */
export function findFileFault(error: unknown): MemodagError | undefined {
  const fault = faultOf(error);
  if (fault === undefined) return undefined;
  const path = (error as NodeJS.ErrnoException).path;
  const [reason, fix] = fault;
  const where = path === undefined ? messageOf(error) : `${path}: ${reason} (${codeOf(error)})`;
  const fields = { reason: codeOf(error), ...(path !== undefined && { path }) };
  return new MemodagError("disk_failed", `${where}: ${fix}`, { cause: error, fields });
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}

function faultOf(error: unknown): readonly [reason: string, fix: string] | undefined {
  if (!(error instanceof Error) || error instanceof MemodagError) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  // Without a call of the system it is another library's code of the same name.
  if (code === undefined || syscall === undefined) return undefined;
  return syscall === "mkdir" ? (MKDIR_FAULTS[code] ?? FAULTS[code]) : FAULTS[code];
}
