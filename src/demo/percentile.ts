/**
 * The smallest sample that at least `share` (0 to 1) of all samples do not exceed, so always a value that was really
 * measured; 0 where there are none.
 */
export function percentile(samples: number[], share: number): number {
  if (samples.length === 0) return 0
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}
