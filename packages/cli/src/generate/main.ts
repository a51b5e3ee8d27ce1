// Writes the reference of the commands; a test fails while it is stale.

import { writeFileSync } from "node:fs";
import { cliReference } from "./generated-files.ts";

const { path, text } = cliReference();
writeFileSync(path, text);
