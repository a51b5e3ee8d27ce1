// Writes the reference of metrics; a test fails while it is stale.

import { writeFileSync } from "node:fs";
import { metricsReference } from "./generated-files.ts";

const { path, text } = metricsReference();
writeFileSync(path, text);
