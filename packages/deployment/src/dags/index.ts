export { checkDagFiles, type DagFilesReport } from "./check-dag-files.ts";
export { refreshDags, refreshOwnDags, requireBundles } from "./dag-files.ts";
