export { placeOf } from "./dag-file-place.ts";
export { getDag, type DagName } from "./find-dag.ts";
export { faultLines, type DagFileFault, type LastGood } from "./last-good.ts";
export { listScheduledDags } from "./next-run.ts";
