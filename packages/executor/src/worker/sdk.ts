// The module that `import "memodag"` resolves to in a worker; an entry point of the worker's bundle.

export * from "@memodag/sdk";
