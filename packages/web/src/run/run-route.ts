// The route of a run.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";
import { readRunSearch } from "./run-search.ts";
import { instancesQuery } from "../instances/use-instances.ts";

export const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/teams/$team/dags/$dagId/runs/$runId",
  validateSearch: readRunSearch,
  loader: async ({ context: { queryClient }, params }) => {
    const { team, dagId, runId } = params;
    await Promise.all([
      queryClient.ensureQueryData(read("runs.outline", { team, dagId, runId })),
      queryClient.ensureQueryData(instancesQuery(params)),
    ]);
  },
  component: lazyRouteComponent(() => import("./run-page.tsx"), "RunPage"),
});
