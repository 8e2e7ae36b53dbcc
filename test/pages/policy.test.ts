import type { Page } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { createApp } from '../../src/http/app.ts'
import { openShownQueues } from '../../src/queue/shown-queues.ts'
import { listen, openClient } from '../http/client.ts'
import { findPages } from '../http/every-page.ts'
import { hasBrowser, openBrowser } from '../support/browser.ts'
import { openForeignSite } from '../support/foreign-site.ts'
import { redisUrl } from '../support/redis.ts'

/*
 * What the policy of the pages is good for where their own care fails: whatever markup and script somebody gets into a
 * page runs nowhere, and tells nobody. The same is done to a page without a policy, where all of it does.
 */

const shown = openShownQueues(redisUrl())
afterAll(() => shown.close())
const client = await openClient({ queues: shown.queues })
const origin = `http://127.0.0.1:${await listen(createApp(client.dependencies))}`
const pages = await findPages(client.app)
const foreign = await openForeignSite()

/** What each piece of script tells when it runs. */
const scripts: Record<string, string> = {
  'an element of script': `const one = document.createElement('script')
    one.textContent = 'ran("an element of script")'
    document.body.append(one)`,
  'an attribute for an event': `document.body.insertAdjacentHTML('beforeend',
    '<img src=x: onerror="ran(&quot;an attribute for an event&quot;)">')`,
  'an attribute that is set': `const one = document.createElement('button')
    one.setAttribute('onclick', 'ran("an attribute that is set")')
    document.body.append(one)
    one.click()`,
  'an element that opens': `document.body.insertAdjacentHTML('beforeend',
    '<details open ontoggle="ran(&quot;an element that opens&quot;)">')`,
  'an address of script': `const one = document.createElement('a')
    one.href = 'javascript:ran("an address of script")'
    document.body.append(one)
    one.click()`,
  'a frame': `const one = document.createElement('iframe')
    one.srcdoc = '<script>parent.ran("a frame")</script>'
    document.body.append(one)`,
  'a text that is evaluated': `eval('ran("a text that is evaluated")')`,
  'a text as a function': `setTimeout('ran("a text as a function")')`,
  'a module of data': `import('data:text/javascript,ran("a module of data")').catch(() => {})`,
  'a script of another site': `const one = document.createElement('script')
    one.src = '${foreign.url}/script.js'
    document.body.append(one)`,
}

/** What tells another site something, has somebody else's form filled in, or leads the page's own links elsewhere. */
const messages: Record<string, string> = {
  'img-src': `new Image().src = '${foreign.url}/image'`,
  'connect-src': `fetch('${foreign.url}/fetch', { mode: 'no-cors' }).catch(() => {})
    navigator.sendBeacon('${foreign.url}/beacon')`,
  'form-action': `const form = document.createElement('form')
    form.action = '${foreign.url}/form'
    form.method = 'post'
    form.target = 'another'
    document.body.append(form)
    form.submit()`,
  'style-src-elem': `const link = document.createElement('link')
    link.rel = 'stylesheet'
    link.href = '${foreign.url}/style'
    document.head.append(link)`,
  'frame-src': `const frame = document.createElement('iframe')
    frame.src = '${foreign.url}/frame'
    document.body.append(frame)`,
  'base-uri': `const base = document.createElement('base')
    base.href = '${foreign.url}/base/'
    document.head.prepend(base)
    new Image().src = 'of-base'`,
}

/**
 * Runs code as if the page's own script had been talked into it. What the debugger evaluates may evaluate texts, so
 * all of it waits for the page's next turn.
 */
const runIn = (page: Page, code: string) =>
  page.evaluate(
    `setTimeout(() => { try { ${code} } catch (error) { refused.push(String(error)) } })`,
  )

async function openTarget(browser: ReturnType<typeof openBrowser>, url: string) {
  const { page } = await browser.openPage()
  const violations: string[] = []
  const ran: string[] = []
  await page.exposeFunction('violated', (directive: string) => violations.push(directive))
  await page.exposeFunction('ran', (what: string) => ran.push(what))
  await page.addInitScript(`globalThis.refused = []
    addEventListener('securitypolicyviolation', (event) => violated(event.effectiveDirective))`)
  await page.goto(url)
  return { page, violations, ran }
}

describe.runIf(hasBrowser)('script that got into a page', { timeout: 60_000 }, () => {
  const browser = openBrowser()

  it('runs where there is no policy, and tells another site', async () => {
    const { page, ran, violations } = await openTarget(browser, `${foreign.url}/`)
    for (const code of Object.values(scripts)) await runIn(page, code)
    await expect
      .poll(() => [...ran].sort(), { timeout: 20_000 })
      .toEqual(Object.keys(scripts).sort())
    foreign.asked.length = 0
    for (const code of Object.values(messages)) await runIn(page, code)
    const heard = ['/base/of-base', '/beacon', '/fetch', '/form', '/frame', '/image', '/style']
    const listening = () => foreign.asked.filter((path) => path !== '/favicon.ico').sort()
    await expect.poll(listening, { timeout: 20_000 }).toEqual(heard)
    expect(violations).toEqual([])
  })

  it.each(pages)('does not run on %s, and tells nobody', async (path) => {
    const { page, ran, violations } = await openTarget(browser, `${origin}${path}`)
    for (const [name, code] of Object.entries(scripts)) {
      const before = violations.length
      const refused = await page.evaluate('refused.length')
      await runIn(page, code)
      const isRefused = async () =>
        violations.length > before || (await page.evaluate('refused.length')) !== refused
      await expect.poll(isRefused, { message: name, timeout: 20_000 }).toBe(true)
    }
    foreign.asked.length = 0
    for (const [directive, code] of Object.entries(messages)) {
      await runIn(page, code)
      await expect.poll(() => violations, { timeout: 20_000 }).toContain(directive)
    }
    expect(ran).toEqual([])
    expect(foreign.asked).toEqual([])
    const isOwn = ['/shop', '/ops'].includes(path)
    expect(violations.includes('require-trusted-types-for')).toBe(isOwn)
  })

  it('is never shown in a frame of another site', async () => {
    for (const path of [...pages, '/v1/products', '/nothing']) {
      const { page } = await browser.openPage()
      const said: string[] = []
      page.on('console', (message) => said.push(message.text()))
      await page.goto(`${foreign.url}/`)
      await page.evaluate(`const frame = document.createElement('iframe')
        frame.src = '${origin}${path}'
        document.body.append(frame)`)
      await expect.poll(() => said.join(), { timeout: 20_000 }).toMatch(/frame-ancestors|403/)
      expect(page.frames().map((frame) => frame.url())).not.toContain(`${origin}${path}`)
    }
  })
})
