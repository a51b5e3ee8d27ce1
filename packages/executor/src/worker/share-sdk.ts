// Makes Dag files that a worker loads use the SDK that the worker itself was bundled with.

import { registerHooks } from "node:module";

/** Created by the build beside the worker's entry point: it re-exports the bundle's SDK. */
const SDK_URL = new URL("./sdk.js", import.meta.url).href;

/**
 * Resolves the SDK to the bundle's. Call it before an artifact is loaded: the artifact's hook asks for
 * `@memodag/sdk`, whatever the Dag file imports. Loading the SDK a second time, file by file, would take
 * longer than the rest of a worker's start, and its Dags would not be recognized by the first.
 */
export function shareSdk(): void {
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      specifier === "@memodag/sdk"
        ? { url: SDK_URL, format: "module", shortCircuit: true }
        : nextResolve(specifier, context),
  });
}
