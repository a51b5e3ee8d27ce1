export * from "@memodag/sdk";
