// Facts about installed packages, without the parser that hashing code needs.

export { HASHER_VERSION } from "../hasher-version.ts";
export type { InstalledFiles, PackageContents } from "./installed-packages.ts";
export {
  packageNameOf,
  type PackageIdentity,
  type PackageMember,
  type PackageResolver,
} from "./package-identity.ts";
export { createPackageResolver, NotingResolver, type ResolvedPackage } from "./package-resolver.ts";
