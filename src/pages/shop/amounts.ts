import { formatAmount } from '../format-amount.ts'

/** What a coupon takes off, e.g. `10% off`. */
export function formatDiscount(coupon: {
  discountType: 'FIXED' | 'PERCENTAGE'
  discountValue: number
}): string {
  const { discountType, discountValue } = coupon
  return discountType === 'FIXED'
    ? `${formatAmount(discountValue)} off`
    : `${discountValue / 100}% off`
}

/** A time that is left, e.g. `2 d 04:05:06`, `04:05:06` or `05:06`; seconds are rounded up, so that 0 is the end. */
export function formatLeft(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1_000))
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const minutesAndSeconds = `${two((seconds % 3_600) / 60)}:${two(seconds % 60)}`
  if (seconds < 3_600) return minutesAndSeconds
  const days = Math.floor(seconds / 86_400)
  const hours = `${two((seconds % 86_400) / 3_600)}:${minutesAndSeconds}`
  return days > 0 ? `${days} d ${hours}` : hours
}
