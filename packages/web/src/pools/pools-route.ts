// The route of pools.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const poolsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/pools",
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(read("pools.list", { team: context.teamOf(deps) })),
  component: lazyRouteComponent(() => import("./pools-page.tsx"), "PoolsPage"),
});
