/**
 * A stream id (`<ms>-<sequence>`) as one number, so that Postgres orders and compares it: ms · 2^20 + sequence.
 * It reaches 2^63 in the year 2248; a million events in one millisecond are beyond any Redis.
 */
export function eventIdOf(streamId: string): bigint {
  const dash = streamId.indexOf('-')
  return (BigInt(streamId.slice(0, dash)) << 20n) + BigInt(streamId.slice(dash + 1))
}

/** The other way round. */
export function streamIdOf(eventId: bigint | string): string {
  const number = BigInt(eventId)
  return `${number >> 20n}-${number & 0xfffffn}`
}
