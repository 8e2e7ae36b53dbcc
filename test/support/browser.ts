import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'

/** Where a Chromium of the system may be; none is downloaded. */
const executablePath = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(existsSync)

/** Whether pages can be tested in a browser here. */
export const hasBrowser = executablePath !== undefined

/** Where pictures of the pages are kept; git ignores them. */
const pictures = join(import.meta.dirname, '../../test-results')

/** A browser for the tests of a file. Call it within their `describe`. */
export function openBrowser() {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath as string,
      // The tests may run as root, where Chromium has no sandbox.
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    })
  })
  afterAll(() => browser.close())

  return {
    /** A page in a browser that nobody has used, with what went wrong in it: errors, and what its policy forbade. */
    async openPage(options: Parameters<Browser['newPage']>[0] = {}) {
      const page = await browser.newPage(options)
      const faults: string[] = []
      page.on('pageerror', (error) => faults.push(String(error)))
      page.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text())
      })
      page.on('requestfailed', (request) => faults.push(`no answer: ${request.url()}`))
      return { page, faults }
    },
    /** What keeps somebody from reading or using a page as it is now: WCAG 2.2, levels A and AA. */
    async findBarriers(page: Page): Promise<string[]> {
      await page.evaluate(axe.source)
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run({
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
        }),
      )
      return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
    },
    async takePicture(page: Page, name: string, { fullPage = false } = {}): Promise<void> {
      mkdirSync(pictures, { recursive: true })
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage })
    },
  }
}
