import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { problemCodes } from '../../src/http/problem-codes.ts'
import { openClient } from '../http/client.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/API.md'), 'utf8')
const section = (title: string) => page.split(`# ${title}\n`)[1]?.split(/^#/m)[0] ?? ''

describe('the page of the API', () => {
  it('says of every refusal what happened and what to do, and of no other', () => {
    const rows = [
      ...section('Every refusal').matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \| (.+) \|$/gm),
    ]
    expect(rows.map(([, code, status]) => [code, Number(status)])).toEqual(
      Object.entries(problemCodes).map(([code, { status }]) => [code, status]),
    )
  })

  it('tells which refusal wins as the routes have it', async () => {
    const client = await openClient()
    const stages = [...section('Which refusal wins').matchAll(/^\d\. (.+)$/gm)].map(([, text]) =>
      [...(text ?? '').matchAll(/`(…?\w+)`/g)].map(([, code]) => code as string),
    )
    expect(stages).toHaveLength(9)
    const stageOf = (code: string) =>
      stages.findIndex((codes) =>
        codes.some(
          (known) => known === code || (known[0] === '…' && code.endsWith(known.slice(1))),
        ),
      )
    const { body: document } = await client.get('/openapi.json')
    type Routes = Record<string, { 'x-refusals'?: string[] }>
    const unlike = Object.values<Routes>(document.paths)
      .flatMap((routes) => Object.values(routes))
      .map((route) => (route['x-refusals'] ?? []).filter((code) => stageOf(code) >= 0))
      .filter((codes) => codes.some((code, at) => stageOf(code) < stageOf(codes[at - 1] ?? code)))
    expect(unlike).toEqual([])
  })
})
