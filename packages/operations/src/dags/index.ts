export { placeOf } from "./dag-file-place.ts";
export type { DagName } from "./find-dag.ts";
export { faultLines, type DagFileFault, type LastGood } from "./last-good.ts";
export {
  graphDag,
  GRAPH_FORMATS,
  type DagGraphReport,
  type GraphDagInput,
  type GraphFormat,
} from "./graph-dag.ts";
export { listDagErrors, type DagErrorReport } from "./list-dag-errors.ts";
export { listDags, type DagSummaryReport, type ListDagsInput } from "./list-dags.ts";
export { listScheduledDags } from "./next-run.ts";
export { pauseDag, type PauseDagInput, type PausedDag } from "./pause-dag.ts";
export { isolationNotes } from "./isolation-note.ts";
export { vouchedFor } from "./vouched-for.ts";
export { showDag, type DagReport, type DagTaskReport } from "./show-dag.ts";
export { dagCalendar, type CalendarDay, type DagCalendarInput } from "./dag-calendar.ts";
export { dagGrid, type DagGrid, type DagGridInput, type GridRun, type GridTask } from "./dag-grid.ts";
