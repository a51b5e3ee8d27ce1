// The routes of requests of tasks to people: the open ones, and one with its answer.

import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { read } from "../data/api.ts";
import { rootRoute } from "../shell/root-route.tsx";
import { instanceOf } from "./instance-of.ts";

export const approvalsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/approvals",
  loaderDeps: ({ search: { team } }) => ({ team }),
  loader: ({ context, deps }) =>
    context.queryClient.ensureQueryData(read("approvals.list", { team: context.teamOf(deps) })),
  component: lazyRouteComponent(() => import("./approvals-page.tsx"), "ApprovalsPage"),
});

export const approvalRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/approvals/$team/$dagId/$runId/$taskId/$mapIndex",
  loader: ({ context, params }) =>
    context.queryClient.ensureQueryData(read("approvals.show", instanceOf(params))),
  component: lazyRouteComponent(() => import("./approval-page.tsx"), "ApprovalPage"),
});
