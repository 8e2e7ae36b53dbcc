import { describe, expect, it } from 'vitest'
import { openClient } from './client.ts'

const client = await openClient()

it('makes the scripts of several pages that are asked for at once', async () => {
  const paths = ['/ops/page.js', '/shop/page.js', '/ops/page.js']
  const answers = await Promise.all(paths.map((path) => client.get(path)))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  expect(answers[2]?.body).toBe(answers[0]?.body)
})

describe('the API reference', () => {
  it('is a page whose files all come from this server', async () => {
    const page = await client.get('/docs')
    expect(page).toMatchObject({ status: 200 })
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    const addresses = [...(page.body as string).matchAll(/(?:href|src)="([^"]+)"/g)].map(
      ([, address]) => address as string,
    )
    expect(addresses).toContain('/openapi.json')
    for (const address of addresses) {
      expect(address).toMatch(/^\/[\w./-]+$/)
      expect(await client.get(address)).toMatchObject({ status: 200 })
    }
  })

  it('runs no script but its own', async () => {
    const page = await client.get('/docs')
    const policy = page.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(page.body).not.toMatch(/<script>|\son\w+="/)
  })

  it('is sent once to a browser that keeps it', async () => {
    const path = '/docs/swagger-ui-bundle.js'
    const first = await client.get(path)
    const etag = first.headers.get('etag') as string
    const again = (known: string) =>
      client.call('GET', path, { headers: { 'if-none-match': known } })
    expect(await again(etag)).toMatchObject({ status: 304, body: '' })
    expect(await again(`"other", ${etag}`)).toMatchObject({ status: 304, body: '' })
    expect((await again('"other"')).status).toBe(200)
    expect((await again('"other"')).headers.get('etag')).toBe(etag)
  })
})
