import { afterAll, describe, expect, it, vi } from 'vitest'
import { openShownQueues } from '../../src/queue/shown-queues.ts'
import { redisUrl } from '../support/redis.ts'
import { openGate } from '../workers/gate.ts'
import { openClient } from './client.ts'

const gate = await openGate(redisUrl())
const shown = openShownQueues(gate.address)
afterAll(() => shown.close())
const client = await openClient({ queues: shown.queues, operators: { password: 'let me look' } })
const authorization = `Basic ${Buffer.from('operator:let me look').toString('base64')}`
/** The connection comes a moment after the first look that needs it, as after an outage. */
const patience = { timeout: 20_000, interval: 50 }
const call = (method: string, path: string, headers: Record<string, string> = { authorization }) =>
  client.call(method, `/admin/queues${path}`, { headers })

describe('the dashboard of the queues', () => {
  it('is for operators, with all that belongs to it', async () => {
    for (const path of ['', '/', '/queue/drain', '/api/queues', '/static/images/logo.svg', '/x']) {
      const refused = await call('GET', path, {})
      expect(refused).toMatchObject({ status: 401, code: 'unauthorized' })
      expect(refused.headers.get('www-authenticate')).toContain('Basic')
    }
    const nobody = client.callWith({ operators: 'nobody' })
    const forbidden = await nobody('GET', '/admin/queues', { headers: { authorization } })
    expect(forbidden).toMatchObject({ status: 403, code: 'forbidden' })
  })

  it('is a page whose files all come from this server, and that runs no script but its own', async () => {
    const page = await call('GET', '')
    expect(page).toMatchObject({ status: 200 })
    const policy = page.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(page.body).not.toMatch(/https?:|<style|style="/)
    const files = [...(page.body as string).matchAll(/(?:href|src)="(static[^"]+)"/g)]
    expect(files.length).toBeGreaterThan(4)
    for (const [, file] of files) {
      const answer = await call('GET', `/${file}`)
      expect(answer).toMatchObject({ status: 200 })
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  it('shows both queues', async () => {
    const { body } = await vi.waitFor(async () => {
      const answer = await call('GET', '/api/queues')
      expect(answer.status).toBe(200)
      return answer
    }, patience)
    expect(body.queues).toMatchObject([
      { name: 'drain', readOnlyMode: true },
      { name: 'upkeep', readOnlyMode: true },
    ])
  })

  it('changes nothing, whatever it is asked to', async () => {
    for (const [method, path] of [
      ['PUT', '/api/queues/drain/pause'],
      ['PUT', '/api/queues/pause'],
      ['PUT', '/api/queues/drain/empty'],
      ['PUT', '/api/queues/drain/obliterate'],
      ['POST', '/api/queues/drain/add'],
      ['DELETE', '/api/queues/upkeep/job-schedulers/sweep-holds'],
    ] as const) {
      expect(await call(method, path)).toMatchObject({ status: 405, code: 'method_not_allowed' })
    }
    expect(await shown.queues[0]?.isPaused()).toBe(false)
  })

  it('answers an address that it does not have as every other', async () => {
    expect(await call('GET', '/nothing')).toMatchObject({ status: 404, code: 'not_found' })
    expect(await call('GET', '/static/../package.json')).toMatchObject({ status: 404 })
  })

  it('answers 503 while Redis is away, says nothing in the log, and comes back by itself', async () => {
    gate.shut()
    expect(await call('GET', '/api/queues')).toMatchObject({ status: 503, code: 'unavailable' })
    expect(await call('GET', '/')).toMatchObject({ status: 200 })
    gate.open()
    await vi.waitFor(async () => {
      expect(await call('GET', '/api/queues')).toMatchObject({ status: 200 })
    }, patience)
    expect(client.errors).toEqual([])
  })
})
