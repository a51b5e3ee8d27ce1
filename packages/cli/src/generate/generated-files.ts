// Which files of the repository come from the program.

import { fileURLToPath } from "node:url";
import { openApiDocument } from "@memodag/api-contract/openapi";
import { createProgram } from "../program.ts";
import { renderCliReference } from "./cli-reference.ts";

/** A file, by absolute path, and the text it must have. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** The reference of the commands. */
export function cliReference(): GeneratedFile {
  const path = fileURLToPath(new URL("../../../../docs/reference/cli.md", import.meta.url));
  return { path, text: renderCliReference(createProgram()) };
}

/** The OpenAPI document of the REST API. */
export function openApiFile(): GeneratedFile {
  const path = fileURLToPath(new URL("../../../../docs/reference/openapi.json", import.meta.url));
  return { path, text: `${JSON.stringify(openApiDocument(createProgram().version() ?? ""), null, 2)}\n` };
}
