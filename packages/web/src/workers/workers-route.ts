// The route of workers on other machines, and their queues.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const workersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/workers",
  loader: ({ context: { queryClient } }) =>
    Promise.all([
      queryClient.ensureQueryData(read("workers.list", {})),
      queryClient.ensureQueryData(read("queues.list", {})),
    ]),
  component: lazyRouteComponent(() => import("./workers-page.tsx"), "WorkersPage"),
});
