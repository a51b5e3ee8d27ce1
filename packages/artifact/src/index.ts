export * from "./anchored-specifier.ts";
export { shareSdk } from "./artifact-hooks.ts";
export * from "./input-digest.ts";
export * from "./load-artifact.ts";
export type { LoadedPackage, PackageFolder } from "./package-of-module.ts";
