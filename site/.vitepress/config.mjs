// The site: its pages are in site/content, copied there by prepare.mjs.

import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { pagePath } from "../prepare.mjs";
import { makeSidebar } from "../sidebar.mjs";

const list = fileURLToPath(new URL("../../docs/README.md", import.meta.url));
const pageOf = (target) => `/${pagePath(posix.join("docs", target)).replace(/(?:index)?\.md$/, "")}`;

export default {
  title: "memodag",
  description: "A DAG orchestrator whose scheduler remembers results",
  srcDir: "content",
  outDir: "dist",
  cacheDir: ".vitepress/cache",
  cleanUrls: false,
  lastUpdated: false,
  // Files that are no pages; prepare.mjs has found each of them.
  ignoreDeadLinks: [/^\/files\//],
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      { text: "Documentation", link: "/docs/" },
      { text: "API", link: "/api/" },
      { text: "Changes", link: "/CHANGELOG" },
    ],
    sidebar: makeSidebar(list, pageOf),
  },
};
