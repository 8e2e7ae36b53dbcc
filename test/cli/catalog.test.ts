import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openClient, outcomeOf } from '../../src/client/client.ts'
import { freePort } from '../../src/services/processes.ts'
import { engineSettings, signToken, startEngine } from '../e2e/engine.ts'
import { commandLine } from './command-line.ts'

const port = await freePort()
const settings = engineSettings({ PORT: String(port), SEED_DEMO: 'false' }, afterAll)
const engine = await startEngine(settings, { atEnd: afterAll })
const { run, json, shell } = commandLine(settings)

const made = await commandLine(settings, afterAll).json(
  'product',
  'create',
  'Socks',
  '--option',
  'S:500:3',
  '--option',
  ':700:9',
)
const [small, other] = made.body.options

describe('stampede product', () => {
  it('makes a product with its options, and finds it again', async () => {
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(made.body).toMatchObject({
      name: 'Socks',
      options: [
        { optionValue: 'S', price: 500, stock: 3 },
        { optionValue: null, price: 700, stock: 9 },
      ],
    })
    expect((await json('product', 'show', made.body.id)).body).toEqual(made.body)
    const listed = await json('product', 'list', '--limit', '100')
    expect(listed.body.items).toContainEqual(made.body)
    const { stdout } = await run('product', 'list')
    expect(stdout).toMatch(/^product +name +status +option +value +price +stock\n/)
    expect(stdout).toMatch(
      new RegExp(`^${made.body.id} +Socks +ACTIVE +${small.id} +S +500 +3$`, 'm'),
    )
  })

  it('goes through a long list page by page', async () => {
    expect(await run('product', 'create', 'Gloves', '--option', ':1:1')).toMatchObject({ code: 0 })
    const first = await run('product', 'list', '--limit', '1')
    expect(first.stdout).toContain('Gloves')
    const [, cursor] = /^More: --cursor (\S+)$/m.exec(first.stdout) ?? []
    const second = await run('product', 'list', '--limit', '1', '--cursor', cursor as string)
    expect(second.stdout).toContain('Socks')
  })

  it('takes all that the API takes from a file or from standard input', async () => {
    const hat = { name: 'Hat', options: [{ price: 5, stock: 1, perUserLimit: 1, holdMs: 5_000 }] }
    const file = join(settings.DATA_DIR, 'hat.json')
    writeFileSync(file, JSON.stringify(hat))
    expect(await json('product', 'create', '--file', file)).toMatchObject({ code: 0, body: hat })
    const { code, stdout } = await shell(`stampede product create --file - --json < '${file}'`)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject(hat)
    writeFileSync(file, '{"name"')
    const { code: refused, stderr } = await run('product', 'create', '--file', file)
    expect(stderr).toMatch(/^\S+hat\.json is not JSON: .+\n$/)
    expect(refused).toBe(1)
  })

  it('changes a price, and takes a product off sale and on again', async () => {
    const priced = await json('product', 'set-price', small.id, '450', '--reason', 'a sale')
    expect(priced).toMatchObject({ code: 0, body: { id: small.id, price: 450 } })
    const paused = await json('product', 'pause', made.body.id)
    expect(paused).toMatchObject({ code: 0, body: { status: 'INACTIVE' } })
    const resumed = await run('product', 'resume', made.body.id)
    expect(resumed.stdout).toMatch(/^status +ACTIVE$/m)
    expect(await engine.get(`/v1/products/${made.body.id}`)).toMatchObject({
      status: 'ACTIVE',
      options: [{ price: 450 }, { price: 700 }],
    })
  })

  it('changes the terms of an option, and takes them away', async () => {
    const start = '2027-06-01T09:00:00.000Z'
    const terms = ['--per-user', '2', '--sale-starts', start, '--hold-ms', '60000']
    const changed = await json('product', 'set-terms', small.id, ...terms)
    expect(changed).toMatchObject({
      code: 0,
      body: {
        id: small.id,
        perUserLimit: 2,
        saleStartsAt: start,
        saleEndsAt: null,
        holdMs: 60_000,
      },
    })
    const none = ['--per-user', 'none', '--sale-starts', 'none']
    expect(await json('product', 'set-terms', small.id, ...none)).toMatchObject({
      code: 0,
      body: { perUserLimit: null, saleStartsAt: null, holdMs: 60_000 },
    })
    const wrong = await run('product', 'set-terms', small.id, '--sale-ends', 'soon')
    expect(wrong).toMatchObject({ code: 1, stderr: /^invalid_request: .*saleEndsAt: / })
  })

  it('adds units once for one key, and takes free ones out', async () => {
    const restock = ['product', 'restock', small.id, '4', '--reason', 'found', '--key', 'first']
    expect(await json(...restock)).toMatchObject({ code: 0, body: { change: 4, stock: 7 } })
    expect(await json(...restock)).toMatchObject({ code: 0, body: { change: 4, stock: 7 } })
    const taken = await run('product', 'restock', small.id, '-2', '--reason', 'broken')
    expect(taken).toMatchObject({ code: 0, stdout: 'change  -2\nstock   5\n' })
  })
})

describe('stampede coupon', () => {
  it('makes a coupon, lists it, and changes it', async () => {
    const create = ['coupon', 'create', 'A tenth', '--percentage', '1000', '--quantity', '50']
    const coupon = await json(...create, '--code', 'TENTH', '--max-discount', '900', '--no-restore')
    expect(coupon).toMatchObject({
      code: 0,
      body: {
        ...{ code: 'TENTH', discountType: 'PERCENTAGE', discountValue: 1_000 },
        ...{ totalQuantity: 50, maxDiscountAmount: 900, restoreOnCancel: false, perUserLimit: 1 },
      },
    })
    const { id } = coupon.body
    expect((await json('coupon', 'show', id)).body).toEqual(coupon.body)
    expect((await json('coupon', 'list')).body).toEqual({ items: [coupon.body], nextCursor: null })
    expect((await run('coupon', 'list')).stdout).toMatch(/^\S+ +A tenth +ACTIVE +PERCENTAGE +1000/m)
    for (const [verb, status] of [
      ['pause', 'PAUSED'],
      ['resume', 'ACTIVE'],
      ['end', 'ENDED'],
    ] as const) {
      expect(await json('coupon', verb, id)).toMatchObject({ code: 0, body: { status } })
    }
    const raised = await json('coupon', 'set-quantity', id, '60')
    expect(raised).toMatchObject({ code: 0, body: { totalQuantity: 60 } })
    const again = await run(...create, '--code', 'tenth')
    expect(again).toEqual({ code: 1, stdout: '', stderr: 'code_taken: A coupon has this code.\n' })
  })

  it('makes one that nobody sees yet', async () => {
    const create = ['coupon', 'create', 'Later', '--fixed', '5', '--quantity', '5', '--paused']
    expect(await json(...create)).toMatchObject({ code: 0, body: { status: 'PAUSED' } })
  })
})

describe('stampede waiting-room', () => {
  it('opens a room before a thing, changes it, shows it and closes it', async () => {
    const create = ['coupon', 'create', 'Rush', '--fixed', '5', '--quantity', '5']
    const coupon = (await json(...create)).body.id as string
    for (const [kind, thing] of [
      ['coupon', coupon],
      ['option', other.id],
    ] as const) {
      const open = ['waiting-room', 'open', kind, thing, '--admit-per-second']
      const opened = await json(...open, '50', '--pass-ms', '20000')
      expect(opened).toMatchObject({ code: 0, body: { admitPerSecond: 50, passMs: 20_000 } })
      expect(await json(...open, '20')).toMatchObject({ code: 0, body: { admitPerSecond: 20 } })
      const shown = await run('waiting-room', 'show', kind, thing)
      expect(shown.stdout).toMatch(/^admitPerSecond +20$/m)
      expect(await run('waiting-room', 'close', kind, thing)).toMatchObject({
        code: 0,
        stdout: 'closed  true\n',
      })
      const gone = await json('waiting-room', 'show', kind, thing)
      expect(gone).toMatchObject({ code: 1, body: { code: 'waiting_room_not_found' } })
    }
  })
})

describe('stampede user and order', () => {
  it('charge a balance once for one key, and look up who has what', async () => {
    const charge = ['user', 'charge', 'ann', '5000', '--key', 'first']
    const charged = await json(...charge)
    expect(charged).toMatchObject({ code: 0, body: { beforeAmount: 0, afterAmount: 5_000 } })
    expect(await json(...charge)).toEqual(charged)
    const ann = openClient(engine.url, { token: signToken('ann') })
    const items = [{ optionId: other.id, quantity: 2 }]
    const order = await outcomeOf(ann.v1.orders.$post({ json: { items, pay: true } }))
    if (!order.ok) throw new Error(order.problem.code)

    const user = await json('user', 'show', 'ann')
    expect(user).toMatchObject({ code: 0, body: { id: 'ann', balance: 5_000 - 1_400 } })
    expect((await run('user', 'show', 'ann')).stdout).toMatch(/^balance +3600$/m)
    expect(await json('order', 'show', order.body.id)).toMatchObject({ code: 0, body: order.body })
    const { stdout } = await run('order', 'show', order.body.id)
    expect(stdout).toMatch(/^status +COMPLETED$/m)
    expect(stdout).toMatch(/ Socks +- +700 +2 +1400 /)
    expect(stdout).toMatch(/\nPayment\n/)
  })
})
