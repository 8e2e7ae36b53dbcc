import { z } from '@hono/zod-openapi'
import { idPattern } from '../domain/ids.ts'
import { limits } from '../limits.ts'

/** The fields that requests are made of. Objects made of them are strict: an unknown field is refused. */

/** The id of a user, product, option or coupon, or an order. */
export const id = z
  .string()
  .regex(idPattern, `Must be 1 to ${limits.idLengthMax} letters, digits, _ or -`)

/** The `id` in the address of one thing. */
export const idParams = (example: string) => z.object({ id: id.openapi({ param: { example } }) })

/** `<coupon id>.<rank>`, as a claim answers it. */
export const userCouponId = z
  .string()
  .regex(
    new RegExp(`^[A-Za-z0-9_-]{1,${limits.idLengthMax}}\\.[1-9][0-9]{0,8}$`),
    'Is not the id of a user coupon',
  )

/** `<order id>.<line>`, as an order shows it. */
export const orderItemId = z
  .string()
  .regex(
    new RegExp(`^[A-Za-z0-9_-]{1,${limits.idLengthMax}}\\.[1-9][0-9]{0,2}$`),
    'Is not the id of an order item',
  )

/** What an operator may choose as a coupon's code. ASCII only, because upper and lower case are the same. */
export const couponCodePattern = new RegExp(`^[A-Za-z0-9_-]{1,${limits.couponCodeLengthMax}}$`)

// By number, because classes like \p{Cc} mean nothing in many languages, and clients may check with these patterns too.
const lineControls = String.raw`\u0000-\u001f\u007f-\u009f`
const linesControls = String.raw`\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f`
// Halves of surrogate pairs: not every language can name them, and none can send them as UTF-8.
const halves = String.raw`\ud800-\udfff`

const textOf = (lengthMax: number, controls: string) =>
  z
    .string()
    .min(1)
    .max(lengthMax)
    .regex(new RegExp(`^[^${controls}${halves}]*$`, 'u'), 'Must not contain control characters')
    .refine((value) => value.trim() !== '', 'Must not be blank')
    // Left to itself the document takes the flag for a part of the pattern.
    .openapi({ pattern: `^[^${controls}]*$`, allOf: [{ pattern: '\\S' }] })

/** Text for people in one line: no control characters, and nothing that is not Unicode. */
export const text = (lengthMax: number) => textOf(lengthMax, lineControls)

/** Text for people that may have several lines, and tabs. */
export const lines = (lengthMax: number) => textOf(lengthMax, linesControls)

/** An integer. Minus zero is none: it would be stored as zero and compared as something else. */
export const integer = (min: number, max: number) =>
  z
    .int()
    .min(min)
    .max(max)
    .refine((value) => !Object.is(value, -0), 'Must not be -0')

/** What a client can check of the range that times and days have. */
const yearPattern = '^(19[7-9]|2[0-9][0-9])[0-9]-'

/** A time, given as ISO 8601 with an offset, parsed to milliseconds since 1970. */
export const time = z.iso
  .datetime({ offset: true })
  .transform((value) => Date.parse(value))
  .refine((ms) => ms > 0 && ms <= limits.timeMsMax, 'Must be after 1970 and before 3000')
  .openapi({ pattern: yearPattern })

/** Whether a window does not end before it starts. Either end may be open. */
export function isForward(startsAt?: number | null, endsAt?: number | null): boolean {
  return startsAt == null || endsAt == null || startsAt < endsAt
}

/** The check of a body that changes something, and what it says where nothing is to change. */
export const anyChange = [
  (changes: object) => Object.keys(changes).length > 0,
  { message: 'Must change something' },
] as const

/** A day, given as YYYY-MM-DD. */
export const date = z.iso
  .date({ abort: true })
  .refine((day) => day >= '1970-01-01' && day < '3000-01-01', 'Must be from 1970 and before 3000')
  .openapi({ pattern: yearPattern })

/** A whole number from 1 in a query, which is text. */
export const countQuery = (max: number, byDefault: number) =>
  z
    .string()
    .regex(/^[0-9]{1,3}$/, 'Must be a whole number')
    .default(String(byDefault))
    .transform(Number)
    .pipe(z.int().min(1).max(max))
    .openapi({ type: 'integer', minimum: 1, maximum: max, default: byDefault })

/** The query of a list. */
export const pageQuery = {
  limit: countQuery(limits.pageItemsMax, limits.pageItemsDefault),
  cursor: z
    .string()
    .regex(/^[\w.-]{1,128}$/, 'Is not a cursor of this list')
    .optional()
    .openapi({ description: 'The nextCursor of the page before.' }),
}

/** The shape of one page of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })

/** The shape of a time in an answer. */
export const isoTime = z.string().openapi({ format: 'date-time' })

/** Where the days of a ranking begin and end. */
export const timeZone = z.literal('UTC')

/** Milliseconds since 1970 as ISO 8601 UTC; null stays null, absent becomes null. */
export function isoOf(ms: number): string
export function isoOf(ms: number | null | undefined): string | null
export function isoOf(ms: number | null | undefined): string | null {
  return ms == null ? null : new Date(ms).toISOString()
}
