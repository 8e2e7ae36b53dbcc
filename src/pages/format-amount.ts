const formatter = new Intl.NumberFormat('en', { minimumFractionDigits: 2 })

/** An amount in minor units as people read it. The shop names no currency, so none is shown. */
export function formatAmount(minorUnits: number): string {
  return formatter.format(minorUnits / 100)
}
