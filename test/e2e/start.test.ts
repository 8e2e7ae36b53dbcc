import { createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../services/folder.ts'
import { printToken, runEngine, startEngine } from './engine.ts'

it('serves a seeded shop, and finds everything again after it was stopped', async () => {
  const settings = { DATA_DIR: temporaryFolder() }
  let engine = await startEngine(settings)
  expect(engine.lines.filter((line) => line.startsWith('ready '))).toHaveLength(1)
  const seeded = await engine.get('/v1/products')
  expect(seeded).toMatchObject({ items: [{ options: [{ stock: 100 }, { stock: 50 }] }] })

  const admin = await printToken(settings, '--sub', 'boss', '--role', 'admin')
  const alice = await printToken(settings, '--sub', 'alice')
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
  expect(await engine.stop()).toBe(0)

  engine = await startEngine(settings)
  const again = await engine.post(`/v1/coupons/${id}/claims`, alice)
  expect(again.status).toBe(200)
  expect(await again.json()).toEqual(claim)
  expect(await engine.get('/v1/products')).toEqual(seeded)
})

it('keeps what it answered when it is killed', async () => {
  const settings = { DATA_DIR: temporaryFolder(), API_PROCESSES: '2' }
  let engine = await startEngine(settings)
  const admin = await printToken(settings, '--sub', 'boss', '--role', 'admin')
  const made = await engine.post('/v1/products', admin, {
    name: 'Socks',
    options: [{ price: 500, stock: 3 }],
  })
  const { id } = (await made.json()) as { id: string }
  await engine.kill()

  engine = await startEngine(settings)
  expect(await engine.get(`/v1/products/${id}`)).toMatchObject({ id, options: [{ stock: 3 }] })
})

it('stops on Ctrl-C, which the terminal sends to all its processes', async () => {
  const engine = await startEngine({ DATA_DIR: temporaryFolder() })
  expect(await engine.stop('SIGINT')).toBe(0)
  await expect(fetch(`${engine.url}/livez`)).rejects.toThrow()
})

it('says in one line that its port is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => {
    other.close()
  })
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const { code, errors } = await runEngine({ DATA_DIR: temporaryFolder(), PORT: String(port) })
  expect(code).toBe(1)
  expect(errors).toBe(
    `Port ${port} on 127.0.0.1 is in use: stop what uses it, or set PORT to another.\n`,
  )
})
