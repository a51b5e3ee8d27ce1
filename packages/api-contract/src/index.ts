export {
  EVENTS_TYPE,
  JSON_TYPE,
  me,
  OWN_ROUTES,
  PROBLEM_TYPE,
  type ApiProblemBody,
  type DoctorReport,
  type GrantReport,
  type Me,
  type OwnRoute,
  type OwnRouteName,
  type SessionReport,
} from "./own-routes.ts";
export {
  acrossTeams,
  API_PREFIX,
  hasQuery,
  pathFields,
  TEAM_PREFIX,
  toRequest,
  type Route,
  type RouteRequest,
} from "./route.ts";
export { ROUTES, type RoutedName } from "./routes.ts";
