/** A user's coupon as its hot field tells it. */
export type HotUserCoupon = {
  rank: number
  issuedAtMs: number
  /** Null where it never expires. */
  expiresAtMs: number | null
  status: 'AVAILABLE' | 'HELD' | 'USED' | 'EXPIRED'
  /** The order that holds or used it. */
  operationId: string | null
}

const statusOfLetter = { A: 'AVAILABLE', H: 'HELD', U: 'USED', E: 'EXPIRED' } as const

/** Parses a field of the hash `claims`; lua/includes/user-coupons.lua documents and writes the format. */
export function parseUserCoupons(field: string): HotUserCoupon[] {
  return field.split('|').map((record) => {
    const match = /^(\d+) (\d+) (\d+) ([AHUE])(.*)$/.exec(record)
    if (!match) throw new Error('A hot user coupon cannot be read')
    const [, rank, issuedAt, expiresAt, letter, operationId] = match
    return {
      rank: Number(rank),
      issuedAtMs: Number(issuedAt),
      expiresAtMs: expiresAt === '0' ? null : Number(expiresAt),
      status: statusOfLetter[letter as keyof typeof statusOfLetter],
      operationId: operationId || null,
    }
  })
}
