export { takeSecrets } from "@memodag/deployment/environment-secrets";
