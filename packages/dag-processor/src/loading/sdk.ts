// What `import "memodag"` gives to the Dag file that a loader reads; an entry of the loader's bundle.

export * from "@memodag/sdk";
