export type * from "./dispatch-engine.ts";
