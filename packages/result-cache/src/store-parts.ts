// Parts for byte stores and record stores of other packages, which bundle them.

export * from "./bytes/checked-body.ts";
export * from "./bytes/held-back.ts";
export * from "./bytes/node-stream.ts";
export * from "./bytes/server-time.ts";
export * from "./filesystem/record-file.ts";
export * from "./filesystem/safe-names.ts";
export * from "./in-batches.ts";
export * from "./filesystem/record-put.ts";
export { keepForMs } from "./record-store.ts";
