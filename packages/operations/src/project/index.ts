export { initProject, type InitProjectInput, type InitReport } from "./init-project.ts";
