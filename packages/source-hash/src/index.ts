export { locateHandlers, type LocateOptions } from "./handlers/locate-handlers.ts";
export type { FunctionPlace, HeapEdge, HeapValue, LocatedHandlers } from "./handlers/located-handlers.ts";
export type { InputFile, LoadedContents, SourceHashRequest } from "./hash-request.ts";
export { hashSources } from "./hash-sources.ts";
export { HASHER_VERSION } from "./hasher-version.ts";
export type { InstalledFiles, PackageContents } from "./packages/installed-packages.ts";
export {
  packageNameOf,
  type PackageIdentity,
  type PackageMember,
  type PackageResolver,
} from "./packages/package-identity.ts";
export { createPackageResolver, NotingResolver, type ResolvedPackage } from "./packages/package-resolver.ts";
export type { ReadAnchor, ReadPrivateName } from "./slice/import-identities.ts";
export type { ImpureStatement, SourceHashes, TaskSource } from "./source-hashes.ts";
