// The route of the list of runs.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";
import { readSearch, runsInput } from "./runs-search.ts";

export const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs",
  validateSearch: readSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(
      read("runs.list", runsInput({ ...deps, team: context.teamOf(deps) })),
    ),
  component: lazyRouteComponent(() => import("./runs-page.tsx"), "RunsPage"),
});
