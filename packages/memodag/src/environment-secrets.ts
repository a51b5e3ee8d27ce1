export { takeSecrets } from "@memodag/cli/environment-secrets";
