import { expect, it, vi } from 'vitest'
import { limits } from '../../src/limits.ts'
import { httpConfig, openClient } from './client.ts'

const password = 'the password of operators'
const client = await openClient({
  operators: { password },
  config: { ...httpConfig, TRUSTED_PROXIES: 1 },
})

const ask = (path: string, given: string | null, address: string) =>
  client.call('GET', path, {
    headers: {
      'x-forwarded-for': address,
      ...(given !== null && { authorization: `Basic ${btoa(`anybody:${given}`)}` }),
    },
  })

it('keeps who guesses the password waiting, on all addresses of operators together', async () => {
  const paths = ['/metrics', '/ops', '/ops/session', '/admin/queues']
  for (let guess = 0; guess < limits.passwordGuessesMax; guess++) {
    const path = paths[guess % paths.length] as string
    expect((await ask(path, `guess ${guess}`, '8.8.8.1')).status).toBe(401)
  }
  for (const path of paths) {
    // Nothing is learnt while one waits, not even by the right one.
    for (const given of ['one more guess', password, null]) {
      const answer = await ask(path, given, '8.8.8.1')
      expect(answer).toMatchObject({ status: 429, code: 'rate_limited' })
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(600)
    }
  }
  expect((await ask('/metrics', password, '8.8.8.2')).status).toBe(200)
})

it('does not count who asks without a password, nor who knows it', async () => {
  for (let time = 0; time < 2 * limits.passwordGuessesMax; time++) {
    expect((await ask('/metrics', null, '8.8.8.3')).status).toBe(401)
    expect((await ask('/metrics', password, '8.8.8.3')).status).toBe(200)
  }
})

it('forgets wrong ones after a while', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout'] })
  try {
    for (let guess = 0; guess <= limits.passwordGuessesMax; guess++) {
      await ask('/metrics', 'wrong', '8.8.8.4')
    }
    expect((await ask('/metrics', password, '8.8.8.4')).status).toBe(429)
    vi.advanceTimersByTime(limits.passwordGuessesSeconds * 1_000 + 1)
    expect((await ask('/metrics', password, '8.8.8.4')).status).toBe(200)
  } finally {
    vi.useRealTimers()
  }
})
