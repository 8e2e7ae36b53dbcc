import { p } from '@mikro-orm/core'

/** An id; compared by bytes, as JavaScript does. */
export const id = () => p.text().collation('C')

/** Money or a count that may exceed 32 bits; every bound of it is far below 2^53. */
export const amount = () => p.bigint('number')

/** A stream id as one number (see `eventIdOf`); beyond 2^53, so a string in JavaScript. */
export const eventId = () => p.bigint('string')

export const time = () => p.datetime().columnType('timestamptz')
