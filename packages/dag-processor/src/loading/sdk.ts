// The module that `import "memodag"` resolves to in the loader; an entry point of the loader's bundle.

export * from "@memodag/sdk";
