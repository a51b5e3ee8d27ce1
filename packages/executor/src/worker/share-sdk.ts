// Gives the Dag files that a worker loads the SDK that the worker itself was bundled with.

import { registerHooks } from "node:module";

/** Made by the build beside the worker's entry: it re-exports the bundle's one SDK. */
const SDK_URL = new URL("./sdk.js", import.meta.url).href;

/**
 * Resolves the SDK to the bundle's. To be called before an artifact is loaded, whose own hook asks for
 * `@memodag/sdk` whatever the Dag file wrote; loading it a second time, file by file, would take longer
 * than all else a worker does at its start, and its Dags would be none in the eyes of the first.
 */
export function shareSdk(): void {
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      specifier === "@memodag/sdk"
        ? { url: SDK_URL, format: "module", shortCircuit: true }
        : nextResolve(specifier, context),
  });
}
