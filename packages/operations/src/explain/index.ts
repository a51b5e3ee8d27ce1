export { groupText } from "./causes-text.ts";
export { RunCauses, type Cause, type CauseGroup } from "./causes.ts";
export { explanationText, type ExplainedInstance } from "./explanation-text.ts";
export { explainInstance, type Explanation } from "./explanation.ts";
