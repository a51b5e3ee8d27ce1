// Standardizes measurements in millimetres and grams to zero mean and unit variance.

/** Mean and deviation of each column. */
export interface Scale {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

/** Computes the scale of rows, which must not be empty. */
export function fitScale(rows: readonly (readonly number[])[]): Scale {
  const columns = (rows[0] ?? []).map((_, column) => rows.map((row) => row[column] ?? 0));
  const means = columns.map(mean);
  const deviations = columns.map((values, column) => {
    const center = means[column] ?? 0;
    return Math.sqrt(mean(values.map((value) => (value - center) ** 2))) || 1;
  });
  return { means, deviations };
}

/** Returns the standardized rows. */
export function applyScale({ means, deviations }: Scale, rows: readonly (readonly number[])[]): number[][] {
  return rows.map((row) =>
    row.map((value, column) => (value - (means[column] ?? 0)) / (deviations[column] ?? 1)),
  );
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
