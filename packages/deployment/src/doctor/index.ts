export { examine } from "./examine.ts";
export { reportFindings, type Finding, type FindingsReport } from "./finding.ts";
export { lookAtClocks } from "./look-at-database.ts";
export { diskFinding } from "./look-at-disks.ts";
export { lookAtRuns } from "./look-at-runs.ts";
export { lookAtWorker } from "./look-at-worker.ts";
