// The route of a run.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/teams/$team/dags/$dagId/runs/$runId",
  loader: ({ context, params }) => context.queryClient.ensureQueryData(read("runs.show", params)),
  component: lazyRouteComponent(() => import("./run-page.tsx"), "RunPage"),
});
