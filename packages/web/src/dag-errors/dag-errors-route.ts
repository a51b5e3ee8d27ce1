// The route of files of Dags that cannot be read.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const dagErrorsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/dag-errors",
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(read("dags.errors", { team: context.teamOf(deps) })),
  component: lazyRouteComponent(() => import("./dag-errors-page.tsx"), "DagErrorsPage"),
});
