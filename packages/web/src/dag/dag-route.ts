// The routes of a Dag: its page, and the views in it.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";

export const dagRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/teams/$team/dags/$dagId",
  loader: ({ context, params: { team, dagId } }) =>
    context.queryClient.ensureQueryData(read("dags.show", { team, dagId })),
  component: lazyRouteComponent(() => import("./dag-page.tsx"), "DagPage"),
});

export const dagRunsRoute = createRoute({
  getParentRoute: () => dagRoute,
  path: "/",
  loader: ({ context, params: { team, dagId } }) =>
    context.queryClient.ensureQueryData(read("runs.list", { team, dagId })),
  component: lazyRouteComponent(() => import("./dag-runs.tsx"), "DagRuns"),
});

export const dagTasksRoute = createRoute({
  getParentRoute: () => dagRoute,
  path: "/tasks",
  component: lazyRouteComponent(() => import("./dag-tasks.tsx"), "DagTasks"),
});
