export { planDag, type DagPlan, type PlanDagInput, type PlannedInstance } from "./plan-dag.ts";
