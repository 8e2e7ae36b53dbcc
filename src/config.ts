import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import { parseRedisAddress } from './redis/address.ts'

const redisAddress = z.string().superRefine((text, context) => {
  try {
    parseRedisAddress(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})

/**
 * The address of Postgres. With TLS it always means all of it, the certificate and the name in it: the driver and psql
 * read the weaker words differently, and by some of them they would go on without.
 */
const databaseAddress = z
  .url({ protocol: /^postgres(ql)?$/ })
  .refine((url) => !new URL(url).searchParams.has('ssl'), 'write sslmode=verify-full, and no ssl')
  .refine(
    (url) => /^(disable|require|verify-ca|verify-full)?$/.test(sslModeOf(url)),
    'must say sslmode=verify-full for TLS, or sslmode=disable',
  )
  .refine(
    // The driver compares a certificate with names alone, and takes one for `localhost` where it has an address.
    (url) => /^(disable)?$/.test(sslModeOf(url)) || isIP(hostOf(url)) === 0,
    'must name the host as its certificate does: TLS to a mere address proves nothing',
  )
  .transform((url) => url.replace(/(?<=[?&]sslmode=)(require|verify-ca)(?=&|$)/, 'verify-full'))

function sslModeOf(url: string): string {
  return new URL(url).searchParams.get('sslmode') ?? ''
}

function hostOf(url: string): string {
  const { hostname, searchParams } = new URL(url)
  return (searchParams.get('host') ?? hostname).replaceAll(/[[\]]/g, '')
}

/** The address of an engine: what its routes stand behind. */
export const enginePattern = /^https?:\/\/[^\s/?#@]+$/

/** Origins as browsers name them, with commas between. A pattern names more than somebody has looked at. */
const origins = z
  .string()
  .transform((list) => list.split(',').map((origin) => origin.trim()))
  .pipe(
    z.array(
      z.string().refine((text) => /^https?:\/\/[^*]+$/.test(text) && isOrigin(text), {
        error: 'must be origins like https://shop.example.org, with commas between',
      }),
    ),
  )
  .default([])

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text
}

/**
 * The configuration: one schema, and the only place that reads the environment. `.env.example` lists the same
 * names, and a test compares the two. Every problem is reported at once.
 */
export const configShape = z.object({
  /** Port of the HTTP server. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  /** Address to listen on. The default is reachable from this machine only. */
  HOST: z.string().default('127.0.0.1'),
  /** Port where a worker process answers `/livez` and `/metrics`. Without it there is none. */
  WORKER_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  /** Folder of the embedded Redis, Postgres and secrets. Two copies need two folders and two ports. */
  DATA_DIR: z.string().min(1).default('.data'),
  /** A Redis to use instead of an embedded one, in a form of src/redis/address.ts. */
  REDIS_URL: redisAddress.optional(),
  /** Replicas that must have a decision before it is answered. Fewer in time make the answer a 503. */
  REPLICA_ACKS: z.coerce.number().int().min(0).max(5).default(0),
  /**
   * A Postgres to use instead of the embedded one, e.g. postgresql://user:password@host:5432/stampede, with
   * ?sslmode=verify-full for TLS.
   */
  DATABASE_URL: databaseAddress.optional(),
  /** Secret of HS256 tokens. Without it the embedded default makes one and keeps it in DATA_DIR. */
  JWT_SECRET: z.string().optional(),
  /** Who must have issued a token (`iss`), and for whom (`aud`). Without them nothing is asked of these claims. */
  JWT_ISSUER: z.string().max(200).optional(),
  JWT_AUDIENCE: z.string().max(200).optional(),
  /** Where to fetch the public keys of RS256, ES256 and EdDSA tokens. */
  JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  /**
   * Password of operators, for `/metrics`, `/ops` and `/admin/queues`. Without it everybody on this machine may see
   * those on the embedded default, and nobody elsewhere.
   */
  OPERATOR_PASSWORD: z.string().min(16).max(200).optional(),
  /** Deadline of a pending order, in milliseconds. An option may have a shorter one. */
  ORDER_HOLD_MS: z.coerce.number().int().min(100).max(86_400_000).default(600_000),
  /** Processes that share the port and answer requests. */
  API_PROCESSES: z.coerce.number().int().min(1).max(64).default(1),
  /**
   * Seed a demo product and coupon into an empty shop once. On the embedded default without an OPERATOR_PASSWORD also
   * let everybody on this machine be a demo buyer on the page `/shop`, and start the storm on the page `/ops`.
   */
  SEED_DEMO: z.stringbool().default(true),
  /** Limit how many requests a sender may make, and how many bad coupon codes. Off for benchmarks only. */
  RATE_LIMIT: z.stringbool().default(true),
  /** Requests a minute of one user; reads and writes are counted apart. */
  REQUESTS_PER_USER: z.coerce.number().int().min(1).default(1_200),
  /** The same of one address. Many users may share one: an office, or a carrier of mobile phones. */
  REQUESTS_PER_ADDRESS: z.coerce.number().int().min(1).default(12_000),
  /** Orders a day that a user may place and not pay; then he pays with the order, or waits. */
  UNPAID_ORDERS_PER_USER: z.coerce.number().int().min(1).default(600),
  /** Proxies before the API processes, each of which appends to X-Forwarded-For whom it got a request from. */
  TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  /** Origins whose pages may use the API, e.g. https://shop.example.org,https://m.example.org. */
  CORS_ORIGINS: origins,
  /** Accept a Redis that evicts keys or does not fsync every write. It may then lose accepted orders. */
  ALLOW_UNSAFE_REDIS: z.stringbool().default(false),
  /** Engine that commands ask instead of the one of this configuration, e.g. https://shop.example.org. */
  STAMPEDE_URL: z.string().regex(enginePattern, 'must be like https://shop.example.org').optional(),
  /** Token of an admin for commands that ask an engine. Without it they sign their own. */
  STAMPEDE_TOKEN: z.string().optional(),
  /**
   * Collector that gets traces, by OTLP over HTTP, e.g. http://127.0.0.1:4318. Without it there are none, and
   * nothing that makes them is loaded.
   */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  /** Which requests are traced, by the names of OpenTelemetry. */
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on'),
  /** Share of the requests that a sampler by ratio takes. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  /** Smallest severity that is logged. */
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
})

export type Config = Readonly<z.infer<typeof configShape>>

const jwtSecretLengthMin = 32

/** Whether a person plays alone: on servers of this folder, reachable from this machine only. */
export function isPrivate({ REDIS_URL, DATABASE_URL, HOST }: Config): boolean {
  return !REDIS_URL && !DATABASE_URL && ['127.0.0.1', '::1', 'localhost'].includes(HOST)
}

const configSchema = configShape.refine(
  // A short secret can be guessed offline from one token; on the embedded default a person plays alone.
  (config) => {
    const { JWT_SECRET: secret = '', HOST = '127.0.0.1' } = config as Partial<Config>
    return secret === '' || secret.length >= jwtSecretLengthMin || isPrivate({ ...config, HOST })
  },
  {
    path: ['JWT_SECRET'],
    message:
      `must have at least ${jwtSecretLengthMin} characters with REDIS_URL or DATABASE_URL, ` +
      'and where HOST is not this machine alone',
    // Checked even where other variables are wrong, so that all problems come at once.
    when: () => true,
  },
)

/**
 * Reads the configuration from the environment, then from the file `.env` where a name is not set.
 *
 * @throws Error with one line per wrong variable.
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const fromFile = environment === process.env ? readEnvFile() : {}
  const given = Object.entries({ ...fromFile, ...environment }).filter(([, value]) => value !== '')
  const parsed = configSchema.safeParse(Object.fromEntries(given))
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`The configuration is wrong:\n${lines.join('\n')}`)
  }
  return Object.freeze(parsed.data)
}

function readEnvFile(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'))
  } catch {
    return {}
  }
}
