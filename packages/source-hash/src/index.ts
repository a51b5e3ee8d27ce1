export * from "./packages/index.ts";
export { locateHandlers, type LocateOptions } from "./handlers/locate-handlers.ts";
export type { FunctionPlace, HeapEdge, HeapValue, LocatedHandlers } from "./handlers/located-handlers.ts";
export type { InputFile, LoadedContents, SourceHashRequest } from "./hash-request.ts";
export { hashSources } from "./hash-sources.ts";
export type { ReadAnchor, ReadPrivateName } from "./slice/import-identities.ts";
export type { ImpureStatement, KeptInProcess, SourceHashes, TaskSource } from "./source-hashes.ts";
