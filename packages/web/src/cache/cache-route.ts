// The route of the cache.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const cacheRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/cache",
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(read("cache.stats", { team: context.teamOf(deps) })),
  component: lazyRouteComponent(() => import("./cache-page.tsx"), "CachePage"),
});
