// How a task instance is named to people.

/** Where an instance stands among its task's: `train`, or `train[2]` when it is mapped. */
export function instanceName(taskId: string, mapIndex: number): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}
