// The route of workers on other machines.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const workersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workers",
  loader: ({ context }) => context.queryClient.ensureQueryData(read("workers.list", {})),
  component: lazyRouteComponent(() => import("./workers-page.tsx"), "WorkersPage"),
});
