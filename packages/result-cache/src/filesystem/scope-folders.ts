// Where the records and leases of a scope are below the folder of a store.

import { join } from "node:path";
import { DEFAULT_SCOPE } from "../scopes.ts";
import { listNames } from "./team-folder.ts";

const SCOPES = "scopes";

/** The folder of a scope below that of a store; that of the scope `default` is the store's own. */
export function folderOfScope(root: string, scope: string): string {
  return scope === DEFAULT_SCOPE ? root : join(root, SCOPES, scope);
}

/** The folders of all scopes that have written something there. */
export async function foldersOfScopes(root: string): Promise<string[]> {
  const scopes = await listNames(join(root, SCOPES));
  return [DEFAULT_SCOPE, ...scopes].map((scope) => folderOfScope(root, scope));
}
