// Tells errors of disks and folders, which an operator can fix, from bugs. Also defines the modes of
// files that memodag creates.

import { MemodagError, messageOf } from "./errors.ts";

/** Folders that memodag creates are accessible to their user only. */
export const OWN_FOLDER_MODE = 0o700;

/** Files that memodag creates are accessible to their user only. */
export const OWN_FILE_MODE = 0o600;

/** The problem and its fix, by system error code. */
const FAULTS: Readonly<Record<string, readonly [reason: string, fix: string]>> = {
  ENOSPC: ["its disk is full", "free space on it"],
  EDQUOT: ["its quota is used up", "free space there or raise the quota"],
  EROFS: ["its file system is read-only", "mount it writable"],
  EACCES: ["permission denied", "make it accessible to the user that runs memodag"],
  EPERM: ["operation not permitted", "make it accessible to the user that runs memodag"],
  EIO: ["input/output error", "check its disk"],
  EFBIG: ["the file would be too large", "raise the limit of file sizes (ulimit -f)"],
  EMFILE: ["too many open files", "raise the limit of open files (ulimit -n)"],
  ENFILE: ["too many open files in the whole system", "raise the system's limit (fs.file-max)"],
  ENOTDIR: ["a file is in the way of a folder", "move that file"],
  ELOOP: ["its symbolic links form a loop", "remove the link"],
  ESTALE: ["the network file system no longer has it (stale handle)", "mount it again"],
  ENXIO: ["its device is gone", "check its disk"],
  ENODEV: ["its device is gone", "check its disk"],
};

/** Codes that mean something else when a folder is created together with its parents. */
const MKDIR_FAULTS: typeof FAULTS = {
  EEXIST: ["a file is in the way of a folder", "move that file"],
  ENOENT: ["it cannot be created there", "mount its file system writable, or create its parent folder"],
};

/** The file or folder that was being used, for messages. */
export interface FileUse {
  /** A name for the files, such as "artifacts". */
  readonly what: string;
  /** The file or folder that an operator should look at. */
  readonly path: string;
  /** The config key that sets the location, such as "[core] state_dir". Absent if there is none. */
  readonly setting?: string;
}

/**
 * True for an error of a disk, a folder or a system limit, which is neither a bug nor caused by a task.
 */
export function isFileFault(error: unknown): boolean {
  return (error instanceof MemodagError && error.code === "disk_failed") || faultOf(error) !== undefined;
}

/** Returns a named error for a file system error, and any other error unchanged. */
export function nameFileFault(error: unknown, { what, path, setting }: FileUse): unknown {
  const fault = faultOf(error);
  if (fault === undefined) return error;
  const [reason, fix] = fault;
  const orElse = setting === undefined ? "" : `, or set ${setting} to another location`;
  return new MemodagError(
    "disk_failed",
    `${path} cannot be written to (${what}): ${reason} (${codeOf(error)}): ${fix}${orElse}`,
    { cause: error, fields: { path, reason: codeOf(error) } },
  );
}

/** Returns a named error for a file system error without further context. */
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
  // Without a system call, it is another library's code of the same name.
  if (code === undefined || syscall === undefined) return undefined;
  return syscall === "mkdir" ? (MKDIR_FAULTS[code] ?? FAULTS[code]) : FAULTS[code];
}
