import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { parse } from 'yaml'
import { problemCodes } from '../../src/http/problem-codes.ts'
import { limits } from '../../src/limits.ts'
import { decisionNames } from '../../src/redis/scripts.ts'
import { freePort } from '../../src/services/processes.ts'
import { jwtSecret, root, signToken, startProcess } from '../e2e/engine.ts'
import { createDatabase } from '../support/postgres.ts'
import { type Exposition, familiesOf, readExposition } from './exposition.ts'
import { alerts, dashboards, queries, readQuery } from './queries.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const prometheus = parse(read('deploy/prometheus/prometheus.yml'), { merge: true })
const compose = parse(read('docker-compose.yml'), { merge: true })
const page = read('docs/OPERATIONS.md')
const password = 'the password of operators'

/** What Prometheus says itself, and the labels that it adds to what it scrapes. */
const ofPrometheus = ['up']
const addedLabels = ['job', 'instance']

const cleanups: (() => Promise<void>)[] = []
afterAll(() => Promise.all(cleanups.map((cleanup) => cleanup())))

let texts: string[]
let exposition: Exposition

// A real API and a real worker, after a small sale and a request that was refused.
beforeAll(async () => {
  const start = (program: string, settings: Record<string, string>) =>
    startProcess([process.execPath, program], settings, (cleanup) => cleanups.push(cleanup))
  const [port, workerPort] = await Promise.all([freePort(), freePort()])
  const settings = {
    // A Redis database of its own: workers take every job that they see, also those of other test files.
    REDIS_URL: new URL('/11', inject('redisUrl')).href,
    DATABASE_URL: await createDatabase(),
    JWT_SECRET: jwtSecret,
    OPERATOR_PASSWORD: password,
    LOG_LEVEL: 'info',
  }
  const api = start('src/server.ts', { ...settings, PORT: String(port) })
  const worker = start('workers/main.ts', { ...settings, WORKER_PORT: String(workerPort) })
  await Promise.all([api.prints(/"listening"/), worker.prints(/"working"/)])

  const post = (path: string, role: 'user' | 'admin', body?: unknown) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${signToken('ann', role)}`,
        'content-type': 'application/json',
        'idempotency-key': path.replaceAll('/', '-'),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  const made = await post('/v1/products', 'admin', {
    name: 'Hat',
    options: [{ price: 0, stock: 1 }],
  })
  const { options } = (await made.json()) as { options: { id: string }[] }
  const order = { items: [{ optionId: options[0]?.id, quantity: 1 }], pay: true }
  expect((await post('/v1/orders', 'user', order)).status).toBe(201)
  expect((await post('/v1/coupons/nothing/claims', 'user')).status).toBe(404)

  const authorization = `Basic ${Buffer.from(`prometheus:${password}`).toString('base64')}`
  const scrape = async (from: number) => {
    const answer = await fetch(`http://127.0.0.1:${from}/metrics`, { headers: { authorization } })
    expect(answer.status).toBe(200)
    return answer.text()
  }
  const drained = /^stampede_drained_events_total [1-9]/m
  await vi.waitFor(async () => expect(await scrape(workerPort)).toMatch(drained), 20_000)
  texts = await Promise.all([scrape(port), scrape(workerPort)])
  exposition = readExposition(texts)
})

describe('what dashboards and alerts ask for', () => {
  it('is understood by Prometheus', () => {
    const faults = queries.flatMap(({ place, text }) =>
      readQuery(text).faults.map((fault) => ({ place, fault })),
    )
    expect(faults).toEqual([])
  })

  it('is told by an API or a worker, with these labels', () => {
    const labelsOf = (metric: string) => [...(exposition.get(metric) ?? []), ...addedLabels]
    const lost = queries.flatMap(({ place, text }) => {
      const { selected, grouped } = readQuery(text)
      const grouping = selected.flatMap(({ metric }) => labelsOf(metric))
      const unknown = [
        ...selected.map(({ metric }) => metric).filter((it) => !exposition.has(it)),
        ...selected.flatMap(({ metric, labels }) =>
          labels.filter((label) => !labelsOf(metric).includes(label)),
        ),
        ...grouped.filter((label) => !grouping.includes(label)),
      ].filter((name) => !ofPrometheus.includes(name))
      return selected.length > 0 && unknown.length === 0 ? [] : [{ place, unknown }]
    })
    expect(queries.length).toBeGreaterThan(50)
    expect(lost).toEqual([])
  })

  it('names decisions and codes as they are called', () => {
    const named = (label: string) =>
      queries.flatMap(({ text }) =>
        readQuery(text).selected.flatMap(({ values }) => values[label] ?? []),
      )
    expect(named('decision').length).toBeGreaterThan(2)
    expect(named('decision').filter((name) => !decisionNames.includes(name))).toEqual([])
    expect(named('code').filter((code) => !(code in problemCodes))).toEqual([])
  })
})

describe('the dashboards', () => {
  it('ask the data source that is provisioned', () => {
    const { datasources } = parse(read('deploy/grafana/provisioning/datasources/prometheus.yml'))
    const uids = dashboards.flatMap(({ panels, templating }) => [
      ...panels.flatMap(({ datasource, targets }) => [
        datasource,
        ...targets.map((it) => it.datasource),
      ]),
      ...templating.list.map(({ datasource }) => datasource),
    ])
    expect(new Set(uids.map(({ uid }) => uid))).toEqual(new Set([datasources[0].uid]))
    expect(datasources[0].url).toBe('http://prometheus:9090')
  })

  it('have the traces beside them, where the engine can send them', () => {
    const { datasources } = parse(read('deploy/grafana/provisioning/datasources/jaeger.yml'))
    const { hostname, port } = new URL(datasources[0].url)
    expect(compose.services[hostname].ports).toEqual([`127.0.0.1:${port}:${port}`])
    const endpoint = /OTEL_EXPORTER_OTLP_ENDPOINT=(\S+)/.exec(read('docker-compose.yml'))?.[1]
    expect(endpoint).toBe(`http://${hostname}:4318`)
  })

  it('have ids of their own, and panels too', () => {
    expect(dashboards.map(({ uid }) => uid)).toEqual(['stampede-machines', 'stampede-sale'])
    for (const { panels } of dashboards) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    }
  })

  it('lie where Grafana looks for them', () => {
    const { providers } = parse(read('deploy/grafana/provisioning/dashboards/stampede.yml'))
    expect(compose.services.grafana.volumes).toContain(
      `./deploy/grafana/dashboards:${providers[0].options.path}:ro`,
    )
  })
})

describe('the scrape', () => {
  it('finds every container of API and workers, with the password of operators', () => {
    for (const { job_name, basic_auth, dns_sd_configs } of prometheus.scrape_configs) {
      const [{ names, port }] = dns_sd_configs
      expect(job_name).toBe(`stampede-${names}`)
      expect(compose.services).toHaveProperty(names)
      expect(port).toBe(3000)
      const [secret] = compose.services.prometheus.secrets
      expect(basic_auth.password_file).toBe(`/run/secrets/${secret}`)
      expect(compose.secrets[secret]).toEqual({ environment: 'OPERATOR_PASSWORD' })
    }
    expect(prometheus.scrape_configs).toHaveLength(2)
  })
})

describe('the alerts', () => {
  it('lead to the entry that says what to do', () => {
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook).toBe(`docs/OPERATIONS.md#${alert.toLowerCase()}`)
      expect(page).toContain(`\n#### ${alert}\n`)
    }
    const entries = [...page.matchAll(/^#### (.+)$/gm)].map(([, name]) => name)
    expect(entries).toEqual(alerts.map(({ alert }) => alert))
  })

  it('fire when half of the backlog is used', () => {
    const rule = alerts.find(({ alert }) => alert === 'BacklogNearBound')
    expect(rule?.expr).toMatch(new RegExp(` > ${limits.backlogEventsMax / 2}$`))
  })
})

it('the page of operations explains every metric of ours, and no other', () => {
  const rows = [...page.matchAll(/^\| (`(?:stampede|bullmq)_[^|]+`) \|/gm)]
  const explained = rows.flatMap(([, names = '']) => names.replaceAll('`', '').split(', '))
  const told = familiesOf(texts).filter((name) => /^(stampede|bullmq)_/.test(name))
  expect(explained.sort()).toEqual(told.sort())
})
