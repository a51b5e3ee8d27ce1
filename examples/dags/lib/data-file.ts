// A data file that a task reads: found when the Dag is read, known by its content.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { findPackageJSON } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * A file as an argument of a task. The digest belongs in the task's cache key and the path does not:
 * where a file lies says nothing about what is in it.
 */
export interface DataFile {
  readonly path: string;
  /** Of the file's bytes, in hex. */
  readonly sha256: string;
}

/** Describes a file of an installed package, as seen from the working directory: the bundle's folder. */
export function describeDataFile(packageName: string, file: string): DataFile {
  const manifest = findPackageJSON(packageName, pathToFileURL(`${process.cwd()}/`));
  if (manifest === undefined) throw new Error(`the package ${packageName} is not installed: run npm ci`);
  const path = join(dirname(manifest), file);
  return { path, sha256: digestOf(readFileSync(path)) };
}

/**
 * Reads a described file.
 * @throws Error when the file has changed since it was described: a result made of other bytes must
 * not be remembered under this digest.
 */
export async function readDataFile({ path, sha256 }: DataFile): Promise<string> {
  const bytes = await readFile(path);
  if (digestOf(bytes) !== sha256) {
    throw new Error(`${path} has changed since the Dag was read: start the run again`);
  }
  return bytes.toString("utf8");
}

function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
