export { refreshDags, refreshOwnDags, requireBundles } from "./dag-files.ts";
