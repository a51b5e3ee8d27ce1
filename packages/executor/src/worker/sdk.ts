// What `import "memodag"` gives in a worker; an entry of the worker's bundle.

export * from "@memodag/sdk";
