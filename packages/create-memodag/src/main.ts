export { create } from "@memodag/cli/create";
