// Which files of the repository come from the schema.

import { fileURLToPath } from "node:url";
import { renderConfigReference } from "./config-reference.ts";
import { renderConfigToml } from "./config-toml.ts";
import { renderJsonSchema } from "./json-schema.ts";

/** A file and the text it must have. */
export interface GeneratedFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** Every generated file of the repository. */
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
