// The route of the list of Dags.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";
import { readDagsSearch, RECENT_RUNS } from "./dags-search.ts";

export const dagsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/dags",
  validateSearch: readDagsSearch,
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: async ({ context, deps }) => {
    const team = context.teamOf(deps);
    await Promise.all([
      context.queryClient.ensureQueryData(read("dags.list", { team })),
      context.queryClient.ensureQueryData(read("runs.list", { team, limit: RECENT_RUNS })),
    ]);
  },
  component: lazyRouteComponent(() => import("./dags-page.tsx"), "DagsPage"),
});
