// Data of a chart, and how it is shown.

export interface ChartData {
  /** Seconds since the epoch, growing. */
  readonly times: readonly number[];
  readonly lines: readonly { readonly label: string; readonly values: readonly (number | null)[] }[];
  /** Horizontal lines. */
  readonly limits?: readonly number[];
  /** What the axis reaches to at least, so that next to nothing does not look like much. */
  readonly least?: number | undefined;
  /** Seconds since the epoch of vertical lines. */
  readonly marks?: readonly number[];
}

export interface ChartOptions {
  readonly height: number;
  readonly write: (value: number) => string;
  /** Ticks at powers of two. */
  readonly isBytes?: boolean;
  /** First of the six colours of lines. */
  readonly colour: number;
  /** What the chart is of, for those who do not see it. */
  readonly label: string;
  /** The pointer is over a time; null: over none. */
  readonly onPoint?: (index: number | null) => void;
}
