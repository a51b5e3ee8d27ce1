export type * from "./dispatch-engine.ts";
export { decodeOutcome, encodeOutcome } from "./outcome-bytes.ts";
export { RemoteExecutor, type RemoteExecutorOptions } from "./remote-executor.ts";
