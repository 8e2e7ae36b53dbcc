import { setTimeout as sleep } from 'node:timers/promises'

/** The clock that decides is that of Redis, which may run on another machine. */
const clockSkewMaxMs = 100

/** Waits until all of these times (ISO 8601) have passed, by the clock of the server too. */
export async function waitUntilPast(times: string[]): Promise<void> {
  const leftMs = times.map((time) => Date.parse(time) - Date.now())
  await sleep(Math.max(0, ...leftMs) + clockSkewMaxMs)
}
