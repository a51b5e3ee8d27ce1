export { groupText } from "./causes-text.ts";
export type { Cause, CauseGroup } from "./causes.ts";
export { explainRun, explainTask, type ExplainedRun, type ExplainedTask } from "./explain-task.ts";
export { explanationText, type ExplainedInstance } from "./explanation-text.ts";
export { explainInstance, type Explanation } from "./explanation.ts";
