export { findAttemptLogs } from "./attempt-logs.ts";
export { getInstance, listInstancesOf } from "./find-instance.ts";
export { readLog } from "./log-file.ts";
export { readXComs } from "./xcom-values.ts";
