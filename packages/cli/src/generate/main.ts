// Writes the references that come from the program; a test fails while one is stale.

import { writeFileSync } from "node:fs";
import { cliReference, openApiFile } from "./generated-files.ts";

for (const { path, text } of [cliReference(), openApiFile()]) writeFileSync(path, text);
