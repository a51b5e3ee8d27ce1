export { copyMetadata, type CopyInput, type CopyReport } from "./copy-metadata.ts";
