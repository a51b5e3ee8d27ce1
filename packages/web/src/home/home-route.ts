// The route of Home.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(read("runs.home", { team: context.teamOf(deps) })),
  component: lazyRouteComponent(() => import("./home-page.tsx"), "HomePage"),
});
