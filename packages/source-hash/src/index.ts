export { locateHandlers, type LocateOptions } from "./handlers/locate-handlers.ts";
export type { FunctionPlace, HeapEdge, HeapValue, LocatedHandlers } from "./handlers/located-handlers.ts";
export { hashSources, type InputFile, type SourceHashRequest } from "./hash-sources.ts";
export { HASHER_VERSION } from "./hasher-version.ts";
export type { ReadInstalled } from "./packages/installed-packages.ts";
export type { PackageIdentity, PackageResolver } from "./packages/package-identity.ts";
export {
  createPackageResolver,
  type LoadedVersion,
  type LockedResolver,
  type PackageResolverOptions,
} from "./packages/package-resolver.ts";
export type { ReadAnchor } from "./slice/import-identities.ts";
export type { ImpureStatement, SourceHashes, TaskSource } from "./source-hashes.ts";
