// Writes the generated files of the repository that come from the schema; a test fails while they are stale.

import { writeFileSync } from "node:fs";
import { generatedFiles } from "./generated-files.ts";

for (const { path, text } of generatedFiles()) writeFileSync(path, text);
