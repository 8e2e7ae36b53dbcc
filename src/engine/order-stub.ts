import { operationOfOrder } from '../domain/ids.ts'

/** What Redis keeps of a finished order: see lua/includes/order-records.lua, which writes it. */
export type OrderStub = {
  orderId: string
  /** The first 8 characters of it. */
  fingerprint: string
  /** Of the event that has the order's newest state: in the outbox, and once it is trimmed in Postgres. */
  eventId: string
}

/**
 * Reads the text at a field of `orders` or `operations`.
 *
 * @param field the order's operation id, or its own id.
 * @returns null for anything but a stub, e.g. the JSON of a pending order.
 */
export function parseOrderStub(field: string, text: string): OrderStub | null {
  const [, time, fingerprint, ms, sequence] =
    /^([0-9a-f]{11})([\w-]{8})(-?\d+)-(\d+)$/.exec(text) ?? []
  if (time === undefined || fingerprint === undefined) return null
  const orderId = time + (operationOfOrder(field) ?? field)
  const eventMs = Number.parseInt(time, 16) + Number(ms)
  return { orderId, fingerprint, eventId: `${eventMs}-${sequence}` }
}
