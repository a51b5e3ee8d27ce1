export * from "@memodag/testing";
