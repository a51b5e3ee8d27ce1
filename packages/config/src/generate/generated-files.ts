// The files of the repository that are generated from the schema.

import { fileURLToPath } from "node:url";
import { renderConfigReference } from "./config-reference.ts";
import { renderConfigToml } from "./config-toml.ts";
import { renderJsonSchema } from "./json-schema.ts";

/** A file and its generated content. */
export interface GeneratedFile {
  /** Absolute path. */
  readonly path: string;
  readonly text: string;
}

/** Returns all generated files of the repository. */
export function generatedFiles(): GeneratedFile[] {
  return [
    {
      path: inRepository("config/memodag.toml"),
      text: renderConfigToml({ name: "examples", path: "examples/dags" }),
    },
    { path: inRepository("config/memodag.schema.json"), text: renderJsonSchema() },
    { path: inRepository("docs/reference/config.md"), text: renderConfigReference() },
  ];
}

function inRepository(path: string): string {
  return fileURLToPath(new URL(`../../../../${path}`, import.meta.url));
}
