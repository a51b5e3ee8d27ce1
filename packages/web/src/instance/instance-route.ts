// The route of a task instance.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";
import { readTab, type InstanceTab } from "./instance-tab.ts";

/** The search parameters of the page. */
export interface InstanceSearch {
  readonly tab?: InstanceTab;
}

export const instanceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/teams/$team/dags/$dagId/runs/$runId/tasks/$taskId/$mapIndex",
  validateSearch: ({ tab }: Record<string, unknown>): InstanceSearch => {
    const known = readTab(tab);
    return known ? { tab: known } : {};
  },
  loader: ({ context: { queryClient }, params: { team, dagId, runId, taskId, mapIndex } }) =>
    queryClient.ensureQueryData(
      read("tasks.show", { team, dagId, runId, taskId, mapIndex: Number(mapIndex) }),
    ),
  component: lazyRouteComponent(() => import("./instance-page.tsx"), "InstancePage"),
});
