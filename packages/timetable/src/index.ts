export { datesBetween, type DateRange } from "./dates-between.ts";
export { nextDate, type ScheduleProgress } from "./next-date.ts";
export { findScheduleFault, type ScheduleFault } from "./schedule-fault.ts";
export { openTimetable, type ScheduleOptions, type Timetable } from "./timetable.ts";
