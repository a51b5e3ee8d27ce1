export {
  FOLDER_PREFIX_BYTES,
  isFolderBytes,
  type FolderFile,
  type FolderManifest,
} from "./folder-manifest.ts";
export { listFolder, packFolder, type PackedFolder } from "./pack-folder.ts";
export { openBytes, unpackFolder, type OpenedBytes } from "./unpack-folder.ts";
