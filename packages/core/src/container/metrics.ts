/** Facts by which a count is told apart from its siblings. Keep the number of different values small. */
export type MetricLabels = Readonly<Record<string, string>>

/** What counts are sent to. Injected as `METRICS`; the default one forgets them. */
export interface Metrics {
  /** Adds to a count that only grows. */
  increment(name: string, by?: number, labels?: MetricLabels): void
}

/** Forgets everything. */
export const noMetrics: Metrics = { increment: () => {} }
