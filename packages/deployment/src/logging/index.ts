export { DagFileLog } from "./dag-file-log.ts";
export { EndLines, endLine } from "./end-lines.ts";
export { lineLogger, serviceLogger } from "./log-lines.ts";
export type { LogLevel } from "./log-level.ts";
export { plainBlock, plainJson, plainLine, plainText, shortened } from "./plain-text.ts";
export { runLogger } from "./run-logger.ts";
