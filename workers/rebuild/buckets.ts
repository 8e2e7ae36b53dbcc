import { bucketCount, bucketOf } from '../../src/engine/user-coupons.ts'
import { limits } from '../../src/limits.ts'

/** More than the records that are collected at once, so that one number holds a bucket and a record. */
const span = 2 ** 21

export type Buckets = ReturnType<typeof openBuckets>

/**
 * Collects records of user coupons, which come in the order of their ranks and go by bucket. Of each it keeps where it
 * lies in the text that it came with, as numbers: a string of its own for each, and of each with those before it in its
 * bucket, took as long again as to compute the buckets, and more memory than the records.
 */
export function openBuckets() {
  const recordsMax = limits.rebuildCollectedMax + limits.rebuildRowsMax
  /** Of each record its bucket, counted over all coupons, and its place in the order in which they came. */
  const keys = new Float64Array(recordsMax)
  const textOf = new Uint32Array(recordsMax)
  const starts = new Uint32Array(recordsMax)
  const ends = new Uint32Array(recordsMax)
  let texts: string[] = []
  let coupons: { id: string; firstBucket: number; endBucket: number }[] = []
  let count = 0

  function firstBucketOf(id: string, issued: number): number {
    const last = coupons.at(-1)
    if (last?.id === id) return last.firstBucket
    const firstBucket = last?.endBucket ?? 0
    coupons.push({ id, firstBucket, endBucket: firstBucket + bucketCount(issued) })
    return firstBucket
  }

  return {
    count: () => count,

    /** Adds records of a coupon, one after the other, behind those that it has. */
    add(couponId: string, issued: number, text: string): void {
      const firstBucket = firstBucketOf(couponId, issued)
      for (let start = 0; start < text.length; ) {
        const next = text.indexOf('|', start + 1)
        const userId = text.slice(start + 1, text.indexOf(' ', start))
        keys[count] = (firstBucket + bucketOf(userId, issued)) * span + count
        textOf[count] = texts.length
        starts[count] = start
        ends[count] = next === -1 ? text.length : next
        start = ends[count] as number
        count += 1
      }
      texts.push(text)
    },

    /** Takes out what was collected: each bucket's field and records. */
    *take(): Generator<[field: string, records: string]> {
      const sorted = keys.subarray(0, count).sort()
      let coupon = 0
      for (let at = 0; at < count; ) {
        const bucket = Math.floor((sorted[at] as number) / span)
        while (bucket >= (coupons[coupon]?.endBucket as number)) coupon += 1
        let records = ''
        for (; at < count && (sorted[at] as number) < (bucket + 1) * span; at += 1) {
          const place = (sorted[at] as number) % span
          records += texts[textOf[place] as number]?.slice(starts[place], ends[place])
        }
        const { id, firstBucket } = coupons[coupon] as { id: string; firstBucket: number }
        yield [`${id}:${bucket - firstBucket}`, records]
      }
      texts = []
      coupons = []
      count = 0
    },
  }
}
