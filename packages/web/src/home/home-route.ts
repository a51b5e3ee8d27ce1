// The route of Home.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";
import { readHomeSearch } from "./home-search.ts";

export const homeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  validateSearch: readHomeSearch,
  loaderDeps: ({ search }) => search,
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(
      read("runs.home", { team: context.teamOf(deps), days: deps.days ?? 7 }),
    ),
  component: lazyRouteComponent(() => import("./home-page.tsx"), "HomePage"),
});
