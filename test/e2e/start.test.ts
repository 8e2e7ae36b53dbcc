import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { limits } from '../../src/limits.ts'
import { engineSettings, runEngine, serversOf, signToken, startEngine } from './engine.ts'

it('serves a seeded shop, and finds everything again after an impatient Ctrl-C', async () => {
  const settings = engineSettings()
  let engine = await startEngine(settings)
  expect(engine.output.stdout.match(/^ready /gm)).toHaveLength(1)
  const seeded = await engine.get('/v1/products')
  expect(seeded).toMatchObject({ items: [{ options: [{ stock: 100 }, { stock: 50 }] }] })

  const admin = signToken('boss', 'admin')
  const alice = signToken('alice')
  const made = await engine.post('/v1/coupons', admin, {
    name: 'One for one',
    discountType: 'FIXED',
    discountValue: 100,
    totalQuantity: 1,
  })
  const { id } = (await made.json()) as { id: string }
  const first = await engine.post(`/v1/coupons/${id}/claims`, alice)
  expect(first.status).toBe(201)
  const claim = await first.json()
  engine.stop('SIGINT')
  expect(await engine.stop('SIGINT')).toBe(0)
  await expect(fetch(`${engine.url}/livez`)).rejects.toThrow()
  expect(await serversOf(settings.DATA_DIR)).toEqual([])

  engine = await startEngine(settings)
  const again = await engine.post(`/v1/coupons/${id}/claims`, alice)
  expect(again.status).toBe(200)
  expect(await again.json()).toEqual(claim)
  expect(await engine.get('/v1/products')).toEqual(seeded)
})

it('keeps what it answered when it is killed', async () => {
  const settings = engineSettings({ API_PROCESSES: '2' })
  let engine = await startEngine(settings)
  const admin = signToken('boss', 'admin')
  const made = await engine.post('/v1/products', admin, {
    name: 'Socks',
    options: [{ price: 500, stock: 3 }],
  })
  const { id } = (await made.json()) as { id: string }
  await engine.kill()

  engine = await startEngine(settings)
  expect(await engine.get(`/v1/products/${id}`)).toMatchObject({ id, options: [{ stock: 3 }] })
  // A signal to the whole group, as a service manager sends it, starts nothing again.
  expect(await engine.stop('SIGTERM')).toBe(0)
  expect(engine.output.stderr + engine.output.stdout).not.toContain('started again')
})

it('leaves at once when somebody insists, and its servers stop all the same', async () => {
  const settings = engineSettings()
  const engine = await startEngine(settings)
  await holdRequest(engine.url)
  let hasEnded = false
  engine.ended.then(() => {
    hasEnded = true
  })
  await vi.waitFor(() => {
    engine.stop('SIGINT')
    expect(hasEnded).toBe(true)
  }, limits.requestDrainMs)
  expect(await engine.ended).toBe(1)
  await vi.waitFor(async () => expect(await serversOf(settings.DATA_DIR)).toEqual([]), 15_000)
})

it('may be started twice on one folder; each stops with its npm, the servers with the last', async () => {
  const settings = engineSettings()
  const npmStart = { command: ['npm', 'start'] }
  const first = await startEngine(settings, npmStart)
  const second = await startEngine(settings, npmStart)
  expect(second.output.stdout).toMatch(/^Redis .*\(already running\)$/m)
  expect(await second.get('/v1/products')).toEqual(await first.get('/v1/products'))

  await stopNpm(first)
  expect(await second.get('/readyz')).toMatchObject({ ok: true })
  await stopNpm(second)
  expect(await serversOf(settings.DATA_DIR)).toEqual([])
})

it('says in one line that its port is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => {
    other.close()
  })
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const { code, stderr } = await runEngine(engineSettings({ PORT: String(port) }))
  expect(code).toBe(1)
  expect(stderr).toBe(
    `Port ${port} on 127.0.0.1 is in use: stop what uses it, or set PORT to another.\n`,
  )
})

/** Begins a request that never ends, so that the engine cannot stop at once. */
async function holdRequest(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {}) // The engine cuts it off.
  onTestFinished(() => {
    socket.destroy()
  })
  const head = ['POST /v1/orders HTTP/1.1', 'Host: engine', 'Content-Type: application/json']
  const more = [`Authorization: Bearer ${signToken('slow')}`, 'Idempotency-Key: slow']
  socket.write(
    [...head, ...more, 'Content-Length: 100', 'Expect: 100-continue', '', ''].join('\r\n'),
  )
  await once(socket, 'data') // It was told to go on, so the engine waits for the body.
}

/** Stops npm alone, as `kill` does, and expects that it takes all that it started along. */
async function stopNpm(engine: { pid: number; closed: Promise<unknown> }): Promise<void> {
  process.kill(engine.pid, 'SIGTERM')
  await engine.closed
  expect(() => process.kill(-engine.pid, 0), 'its process group').toThrow('ESRCH')
}
