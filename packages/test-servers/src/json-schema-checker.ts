// The checker of files of public hosts, with the schemas that they publish: a program of PyPI.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { installPackages } from "./install-once.ts";

const run = promisify(execFile);

const PACKAGE = "check-jsonschema";
const VERSION = "0.39.0";

/**
 * Installs `check-jsonschema`. Returns a function that checks files against one of its schemas, such as
 * `vendor.github-workflows`, and rejects with its output if one has a fault.
 */
export async function installSchemaChecker(): Promise<
  (schema: string, paths: readonly string[]) => Promise<void>
> {
  const folder = await installPackages(`${PACKAGE}-${VERSION}`, [`${PACKAGE}==${VERSION}`]);
  return async (schema, paths) => {
    // Not the program of the package, whose first line has the path that its folder had at first.
    const args = ["-m", "check_jsonschema", "--builtin-schema", schema, ...paths];
    await run(join(folder, "bin/python"), args).catch((error: { readonly stdout: string }) => {
      throw new Error(error.stdout, { cause: error });
    });
  };
}
