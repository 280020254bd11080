// Answers of the query API, in the format of Prometheus.

export type Point = readonly [seconds: number, value: string];
type MetricLabels = Readonly<Record<string, string>>;

export interface VectorElement {
  readonly metric: MetricLabels;
  readonly value: Point;
}

export interface MatrixElement {
  readonly metric: MetricLabels;
  readonly values: readonly Point[];
}

export type QueryData =
  | { readonly resultType: 'vector'; readonly result: readonly VectorElement[] }
  | { readonly resultType: 'matrix'; readonly result: readonly MatrixElement[] }
  | { readonly resultType: 'scalar' | 'string'; readonly result: Point };

export type QueryAnswer =
  | { readonly status: 'success'; readonly data: QueryData; readonly warnings?: readonly string[] }
  | { readonly status: 'error'; readonly errorType: string; readonly error: string };
