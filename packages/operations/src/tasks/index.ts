export { openAttemptLog, type AttemptLogInput, type OpenLog } from "./attempt-log.ts";
export {
  clearAndWait,
  clearTasks,
  planClearTasks,
  type ClearedTasks,
  type ClearTasksInput,
} from "./clear-tasks.ts";
export { followRunLogs, type FollowLogsInput, type RunLogLine } from "./follow-run-logs.ts";
export { linesOf } from "./log-lines.ts";
export type { InstanceName } from "./instance-name.ts";
export { listInstances, type ListInstancesInput } from "./list-instances.ts";
export { markTasks, type MarkedTasks, type MarkTasksInput } from "./mark-tasks.ts";
export { showXComs } from "./show-xcoms.ts";
export { followTaskLog, isOneInstance, readTaskLogs, type TaskLog, type TaskLogsInput } from "./task-logs.ts";
export { showTask, type ShownTask } from "./show-task.ts";
export { listValues, type ValueReport } from "./list-values.ts";
