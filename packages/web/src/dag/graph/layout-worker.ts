// Lays graphs out beside the page.

import { layOut } from "./graph-layout.ts";
import type { GraphToLayOut } from "./graph.ts";

addEventListener("message", ({ data }) => {
  postMessage(layOut(data as GraphToLayOut));
});
