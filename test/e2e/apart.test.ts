import { expect, it, onTestFinished, vi } from 'vitest'
import { loadConfig } from '../../src/config.ts'
import { freePort } from '../../src/services/processes.ts'
import { resolveServices } from '../../src/services/services.ts'
import { engineSettings, signToken, startProcess } from './engine.ts'

const admin = signToken('boss', 'admin')
const password = 'the password of operators'

it('API and worker run apart on given servers, several API processes on one port', async () => {
  const { DATA_DIR, JWT_SECRET } = engineSettings()
  const given = await resolveServices(loadConfig({ DATA_DIR }), () => {})
  onTestFinished(given.release)
  const port = await freePort()
  const settings = {
    REDIS_URL: given.redisUrl,
    DATABASE_URL: given.databaseUrl,
    JWT_SECRET,
    PORT: String(port),
    LOG_LEVEL: 'info',
  }

  const api = startProcess(['npm', 'run', 'api'], {
    ...settings,
    API_PROCESSES: '2',
    OPERATOR_PASSWORD: password,
  })
  await api.prints(/"listening".*"listening"/s)
  const call = async (path: string, token: string, body?: unknown) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const verify = async () => (await call('/v1/verify', admin)).body
  const made = await call('/v1/products', admin, {
    name: 'Socks',
    options: [{ price: 5, stock: 3 }],
  })
  expect(made.status).toBe(201)

  // Connections go to one process or the other; whoever is asked for the metrics tells those of both.
  const looks = 20
  for (let look = 0; look < looks; look++) {
    await fetch(`http://127.0.0.1:${port}/livez`, { headers: { connection: 'close' } })
  }
  const authorization = `Basic ${Buffer.from(`operator:${password}`).toString('base64')}`
  for (let look = 0; look < 4; look++) {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, {
      headers: { authorization, connection: 'close' },
    })
    const counted =
      /^stampede_http_answers_total\{method="GET",route="\/livez",status="200",code=""\} (\d+)$/m
    expect(Number(counted.exec(await answer.text())?.[1])).toBe(looks)
  }

  const worker = startProcess(['npm', 'run', 'worker'], settings)
  await worker.prints(/"working"/)
  await vi.waitFor(async () => expect(await verify()).toMatchObject({ ok: true, backlog: 0 }), {
    timeout: 10_000,
    interval: 100,
  })
  expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0])
})
