import { Queue, Worker } from 'bullmq'
import { afterAll, describe, expect, it } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { openShownQueues } from '../../src/queue/shown-queues.ts'
import { openWakeUps } from '../../src/queue/wake-ups.ts'
import { queuePrefix } from '../../src/redis/keys.ts'
import { listen, openClient } from '../http/client.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import { openBooks } from '../workers/books.ts'

// A queue has no shop that would keep the tests of several files apart.
const books = await openBooks({ redisDatabase: 9 })
await books.clearQueue()
const shown = openShownQueues(books.redisUrl)
afterAll(() => shown.close())
const client = await openClient({ queues: shown.queues, operators: { password: 'let me look' } })
const origin = `http://127.0.0.1:${await listen(createApp(client.dependencies))}`
const password = { username: 'operator', password: 'let me look' }

describe.runIf(hasBrowser)('the dashboard of the queues in a browser', () => {
  const browser = openBrowser()

  it('shows jobs and schedules, changes nothing, and asks this server only', {
    timeout: 90_000,
  }, async () => {
    await fillQueues()
    const { page, faults } = await browser.openPage({
      viewport: { width: 1280, height: 900 },
      httpCredentials: password,
    })
    const asked = new Set<string>()
    const methods = new Set<string>()
    page.on('request', (request) => {
      methods.add(request.method())
      const { protocol, origin: from } = new URL(request.url())
      if (protocol !== 'data:') asked.add(from)
    })
    await page.goto(`${origin}/admin/queues`)
    await page.getByText('upkeep').first().waitFor()
    await browser.takePicture(page, 'queues')

    await page.getByRole('link', { name: 'drain' }).first().click()
    await page.getByRole('link', { name: /completed/i }).click()
    await page.getByText('popup').first().waitFor()
    await browser.takePicture(page, 'queues-jobs')
    const changes = page.getByRole('button', { name: /retry|clean|pause|promote|add job/i })
    expect(await changes.count()).toBe(0)

    await page.getByRole('link', { name: 'Schedulers' }).click()
    await page.getByText('sweep-holds').first().waitFor()
    await browser.takePicture(page, 'queues-schedules')

    expect([...asked]).toEqual([origin])
    expect([...methods]).toEqual(['GET'])
    expect(faults).toEqual([])
  })
})

/** A drain that was done, one that waits, and a schedule. */
async function fillQueues() {
  const connection = { url: books.redisUrl }
  const options = { connection: books.redis, prefix: queuePrefix }
  const drain = new Queue('drain', options)
  const upkeep = new Queue('upkeep', options)
  const wakeUps = openWakeUps(books.redisUrl)
  wakeUps.wake('popup')
  const done = Promise.withResolvers<void>()
  const worker = new Worker('drain', async () => {}, { connection, prefix: queuePrefix })
  worker.on('completed', () => done.resolve())
  await done.promise
  await worker.close()
  await wakeUps.close()
  await drain.add('drain', { shop: 'outlet' })
  await upkeep.upsertJobScheduler('sweep-holds', { every: 3_600_000 }, { name: 'sweep-holds' })
  await Promise.all([drain.close(), upkeep.close()])
}
