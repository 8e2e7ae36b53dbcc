import { eventVersion } from './events.ts'

/** An event that a newer release has written: it is no poison, and only a worker of that release can read it. */
export class NewerVersion extends Error {
  override name = 'NewerVersion'
}

/**
 * What makes the data of an event of an older version that of the next one, by the older version. A release that
 * changes what an event says, or adds a type, counts `eventVersion` up and keeps the way from the version before here:
 * when it starts, the outbox still holds what the last one has written, and workers of both run side by side.
 */
const upgrades: Record<number, (type: string, data: unknown) => unknown> = {}

/** Whether it is a version at all, of whichever release. */
export function isVersion(version: string): boolean {
  return /^[1-9]\d{0,8}$/.test(version)
}

/** Brings the data of an event of this or an older version to this version. */
export function upgradeData(type: string, version: number, data: unknown): unknown {
  let upgraded = data
  for (let from = version; from < eventVersion; from++) upgraded = upgrades[from]?.(type, upgraded)
  return upgraded
}
