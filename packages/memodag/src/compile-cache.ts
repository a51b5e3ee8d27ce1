export { findCompileCacheFolder } from "@memodag/cli/compile-cache";
