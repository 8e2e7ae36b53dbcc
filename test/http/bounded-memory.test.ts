import { describe, expect, it } from 'vitest'
import { limits } from '../../src/limits.ts'
import { httpConfig, openClient, tokenOf } from './client.ts'

const client = await openClient()
const { engine } = client.dependencies

describe('what a process keeps of names that callers choose', () => {
  it('is nothing of shops that do not exist', async () => {
    const shops = Array.from({ length: 200 }, (_, number) => `${client.shop}-nothing-${number}`)
    const statuses = await Promise.all(
      shops.map(async (shop) => {
        const token = tokenOf('eve', { shop })
        const answer = await client.call('POST', '/v1/coupons/any/claims', { token })
        return answer.code
      }),
    )
    expect(new Set(statuses)).toEqual(new Set(['shop_closed']))
    // It tells of every closed shop that the process knows of.
    expect(await engine.uncertain()).toEqual([])
  })

  it('is no metric: addresses, methods, shops and users are no labels', async () => {
    const namesOf = async () => {
      const { body } = await client.call('GET', 'http://localhost/metrics', {})
      return new Set((body as string).split('\n').map((line) => line.replace(/ \S+$/, '')))
    }
    const ask = async (name: string) => {
      const token = tokenOf(name, { shop: name })
      for (const method of ['GET', 'POST', 'BREW', 'PROPFIND']) {
        for (const path of [`/${name}`, `/v1/${name}`, `/v1/products/${name}`, '/v1/products']) {
          await client.call(method, path, { headers: { 'x-shop': name } })
          await client.call(method, path, { token })
        }
      }
    }
    await ask('first')
    const before = await namesOf()
    expect(before.size).toBeGreaterThan(50)
    for (let number = 0; number < 20; number++) await ask(`${client.shop}-x${number}`)
    const added = [...(await namesOf())].filter((name) => !before.has(name))
    expect(
      added.filter((name) => name.includes(client.shop) || /BREW|PROPFIND/.test(name)),
    ).toEqual([])
  })

  it('is a bounded number of addresses that sent wrong passwords', async () => {
    const password = 'the password of operators'
    const call = client.callWith({
      operators: { password },
      config: { ...httpConfig, TRUSTED_PROXIES: 1 },
    })
    const ask = (address: string, given: string) =>
      call('GET', '/metrics', {
        headers: { 'x-forwarded-for': address, authorization: `Basic ${btoa(`any:${given}`)}` },
      })
    const guessAll = () =>
      Promise.all(
        Array.from({ length: limits.passwordGuessesMax + 5 }, () => ask('8.8.8.8', 'wrong')),
      )
    // Many at once are not all the first.
    const refused = (await guessAll()).filter(({ status }) => status === 429)
    expect(refused).toHaveLength(5)
    for (let number = 0; number < limits.passwordGuessersMax; number++) {
      await ask(`9.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, 'wrong')
    }
    expect((await ask('8.8.8.8', password)).status).toBe(200)
  })
})
