export { checkDagFiles, type DagFilesReport } from "./check-dag-files.ts";
export { tryTask, watchTask, type TriedTask, type TryTaskInput, type WatchedTry } from "./try-task.ts";
export { refreshDags, refreshOwnDags, requireBundles } from "./dag-files.ts";
