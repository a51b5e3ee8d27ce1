export { main } from "@memodag/cli";
