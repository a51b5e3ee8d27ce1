export type { TestAnswer, TestAnswers } from "./answers.ts";
export type { Mock } from "./mocks.ts";
export { testDag, type DagTest, type TestDagOptions } from "./test-dag.ts";
export type { CalledCallback, TestedRun, TestedTask } from "./tested-run.ts";
export type { TestRunOptions } from "./run-options.ts";
