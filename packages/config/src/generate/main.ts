// Writes the files of the repository that are generated from the schema. A test fails if they are stale.

import { writeFileSync } from "node:fs";
import { generatedFiles } from "./generated-files.ts";

for (const { path, text } of generatedFiles()) writeFileSync(path, text);
