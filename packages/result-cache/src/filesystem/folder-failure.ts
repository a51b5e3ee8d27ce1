// Converts errors of the operating system to errors that name the folder and how to fix them.

import { MemodagError, messageOf } from "@memodag/core";

/**
 * Returns the result of `work`. An operating system's error becomes a `MemodagError` `cache_backend_failed`
 * that names `folder`; any other, such as an abort, passes.
 */
export async function withFolderFailure<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new MemodagError(
      "cache_backend_failed",
      `the cache folder ${folder} failed (${messageOf(error)}): check that this user may write to it and that its disk has room`,
      { cause: error, fields: { folder, errno: error.code } },
    );
  }
}

/** Whether an error says that a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  return isSystemError(error) && error.code === "ENOENT";
}

/** Whether an error says that a file is there already. */
export function isPresent(error: unknown): boolean {
  return isSystemError(error) && error.code === "EEXIST";
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}
