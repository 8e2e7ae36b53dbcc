import { hash } from 'node:crypto'
import { limits } from '../limits.ts'
import type { RedisClient } from '../redis/client.ts'
import { countOf, readFields } from './reads.ts'

/** A user coupon as the hot state tells it. */
export type HotUserCoupon = {
  userId: string
  rank: number
  issuedAtMs: number
  /** Null where it never expires. */
  expiresAtMs: number | null
  status: 'AVAILABLE' | 'HELD' | 'USED' | 'EXPIRED'
}

const statusOfLetter = { A: 'AVAILABLE', H: 'HELD', U: 'USED', E: 'EXPIRED' } as const

/** As lua/includes/buckets.lua has it. */
const userCouponsPerBucket = 8

/** How many buckets of the hash `claims` a coupon has that has issued so many units. */
export function bucketCount(issued: number): number {
  return Math.max(1, Math.ceil(issued / userCouponsPerBucket))
}

/** The bucket that a user's coupons of such a coupon are in, from 0; lua/includes/buckets.lua computes the same. */
export function bucketOf(userId: string, issued: number): number {
  const count = bucketCount(issued)
  const unsplit = 2 ** (31 - Math.clz32(count))
  // A digest in these characters takes two thirds of the time of one in hexadecimal, and a third of one in a buffer.
  const bytes = hash('sha1', userId, 'binary')
  const upper = (bytes.charCodeAt(0) << 8) | bytes.charCodeAt(1)
  const digest = upper * 0x10000 + ((bytes.charCodeAt(2) << 8) | bytes.charCodeAt(3))
  const bucket = digest % (2 * unsplit)
  return bucket < count ? bucket : digest % unsplit
}

/** Parses records of one bucket; lua/includes/user-coupons.lua documents and writes the format. */
export function parseUserCoupons(records: string): HotUserCoupon[] {
  const [before, ...texts] = records.split('|')
  if (before !== '') throw new Error('A hot user coupon cannot be read')
  return texts.map((text) => {
    const match = /^([\w-]+) ([\da-f]+) ([\da-f]+)([AHUE])([\da-f]*)$/.exec(text)
    if (!match) throw new Error('A hot user coupon cannot be read')
    const [, userId, rank, issuedAt, letter, expiresAt] = match
    return {
      userId: userId as string,
      rank: numberOf(rank),
      issuedAtMs: numberOf(issuedAt),
      expiresAtMs: expiresAt ? numberOf(expiresAt) : null,
      status: statusOfLetter[letter as keyof typeof statusOfLetter],
    }
  })
}

const numberOf = (hexadecimal: string | undefined) => Number.parseInt(hexadecimal as string, 16)

/** Whether a user has claimed a coupon: a hint, because a bucket may split between the two reads. */
export async function hasClaimed(
  redis: RedisClient,
  shop: string,
  couponId: string,
  userId: string,
): Promise<boolean> {
  const [issued] = await readFields(redis, shop, 'coupons', [`${couponId}:issued`])
  if (issued == null) return false
  const bucket = `${couponId}:${bucketOf(userId, Number(issued))}`
  const [records] = await readFields(redis, shop, 'claims', [bucket])
  return parseUserCoupons(records ?? '').some((one) => one.userId === userId)
}

/**
 * The users who have claimed a coupon, page by page; one may come more than once. Whoever had claimed it at the begin
 * comes, also while others claim it: a bucket splits into itself and a new one behind all others.
 *
 * @returns the units that the coupon had issued when the last page was read.
 * @throws Unavailable where Redis does not answer, ShopClosed where the coupon or a key is missing.
 */
export async function* readClaimers(
  redis: RedisClient,
  shop: string,
  couponId: string,
): AsyncGenerator<string[], number> {
  const readIssued = async () => {
    const [issued] = await readFields(redis, shop, 'coupons', [`${couponId}:issued`])
    return countOf(issued)
  }
  let issued = await readIssued()
  let bucket = 0
  while (bucket < bucketCount(issued)) {
    const end = Math.min(bucketCount(issued), bucket + limits.claimBucketsPage)
    const fields: string[] = []
    for (; bucket < end; bucket += 1) fields.push(`${couponId}:${bucket}`)
    const buckets = await readFields(redis, shop, 'claims', fields)
    yield buckets.flatMap((text) => parseUserCoupons(text ?? '').map(({ userId }) => userId))
    issued = await readIssued()
  }
  return issued
}
