import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { z } from 'zod'
import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'

/** The accepted algorithms, each with the only kind of key that it may be used with. */
const keyTypeOf: Record<string, { kty: string; crv?: string }> = {
  RS256: { kty: 'RSA' },
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
}

export const publicKeyAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const

const keySetSchema = z.object({
  keys: z
    .array(
      z.looseObject({
        kty: z.string(),
        kid: z.string().optional(),
        alg: z.string().optional(),
        use: z.string().optional(),
        crv: z.string().optional(),
      }),
    )
    .max(limits.signingKeysMax),
})

type SigningKey = z.infer<typeof keySetSchema>['keys'][number]

export type SigningKeys = {
  /**
   * The public key (PEM) that a token's header names, or null where there is none.
   *
   * @throws Unavailable where the keys cannot be fetched.
   */
  find(header: { alg: string; kid: unknown }): Promise<string | null>
}

/**
 * The public keys at an address (RFC 7517). The whole set is kept, and stays in use while its server is down, so
 * that an outage there is none here. A token with an unknown key makes the set be fetched again, for all who wait
 * at once and no more often than every few seconds: made-up key ids cannot turn this server against that one.
 */
export function openSigningKeys(url: string): SigningKeys {
  let keys: SigningKey[] | null = null
  let fetchedAtMs = Number.NEGATIVE_INFINITY
  let triedAtMs = Number.NEGATIVE_INFINITY
  let underway: Promise<void> | null = null

  async function refresh() {
    triedAtMs = performance.now()
    const response = await fetch(url, {
      signal: AbortSignal.timeout(limits.signingKeysTimeoutMs),
      headers: { accept: 'application/json' },
      // Whose keys we trust is said by the configuration and by nobody else.
      redirect: 'error',
    })
    if (!response.ok) throw new Error(`The signing keys answered ${response.status}`)
    keys = keySetSchema.parse(JSON.parse(await readText(response))).keys
    fetchedAtMs = triedAtMs
  }

  /** Fetches once for all who ask meanwhile; a failure matters only to who has no keys at all. */
  async function refreshOnce() {
    underway ??= refresh().finally(() => {
      underway = null
    })
    try {
      await underway
    } catch (cause) {
      if (!keys) throw new Unavailable('The signing keys cannot be fetched', { cause })
    }
  }

  const isOlderThan = (sinceMs: number, ageMs: number) => performance.now() - sinceMs >= ageMs
  const mayTry = () => underway !== null || isOlderThan(triedAtMs, limits.signingKeysCooldownMs)

  return {
    async find({ alg, kid }) {
      if (typeof kid !== 'string' || kid === '') return null
      const matching = () => keys?.find((key) => key.kid === kid && fits(key, alg))
      if (keys === null) {
        if (!mayTry()) throw new Unavailable('The signing keys could not be fetched just now')
        await refreshOnce()
      }
      const isStale = isOlderThan(fetchedAtMs, limits.signingKeysAgeMs)
      if ((isStale || !matching()) && mayTry()) await refreshOnce()
      const key = matching()
      return key ? exportKey(key) : null
    },
  }
}

/** Reads what is not too long. */
async function readText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body ?? []) {
    bytes += part.byteLength
    if (bytes > limits.signingKeysBytesMax) throw new Error('The signing keys are too long')
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function fits(key: SigningKey, alg: string): boolean {
  const type = keyTypeOf[alg]
  return (
    type !== undefined &&
    key.kty === type.kty &&
    (type.crv === undefined || key.crv === type.crv) &&
    (key.alg === undefined || key.alg === alg) &&
    (key.use === undefined || key.use === 'sig')
  )
}

function exportKey(key: SigningKey): string | null {
  try {
    const publicKey = createPublicKey({ key: key as JsonWebKey, format: 'jwk' })
    return publicKey.export({ type: 'spki', format: 'pem' }) as string
  } catch {
    // A key that nothing can be verified with is as good as none.
    return null
  }
}
