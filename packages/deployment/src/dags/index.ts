export { checkDagFiles, type DagFilesReport } from "./check-dag-files.ts";
export { tryTask, type TriedTask, type TryTaskInput } from "./try-task.ts";
export { refreshDags, refreshOwnDags, requireBundles } from "./dag-files.ts";
