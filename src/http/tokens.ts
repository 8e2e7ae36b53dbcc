import { createDecoder, createVerifier, TokenError } from 'fast-jwt'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { idPattern } from '../domain/ids.ts'
import { Unavailable } from '../domain/outcome.ts'
import { limits } from '../limits.ts'
import type { Caller } from './environment.ts'
import { openGenerations } from './generations.ts'
import { openSigningKeys, publicKeyAlgorithms } from './signing-keys.ts'

type TokenConfig = Pick<Config, 'JWT_SECRET' | 'JWKS_URL' | 'JWT_ISSUER' | 'JWT_AUDIENCE'>

/** What a token must say, and to whom where the configuration names an issuer or an audience. */
function claimsSchemaOf({ JWT_ISSUER: issuer, JWT_AUDIENCE: audience }: TokenConfig) {
  return z.object({
    sub: z.string().regex(idPattern),
    exp: z.number(),
    role: z.enum(['user', 'admin']).default('user'),
    shop: z.string().regex(idPattern).default('main'),
    iss: issuer === undefined ? z.unknown().optional() : z.literal(issuer),
    aud:
      audience === undefined
        ? z.unknown().optional()
        : z.unknown().refine((given) => [given].flat().includes(audience)),
  })
}

/**
 * Verifies a token.
 *
 * @returns who holds it, or null where it is not valid. It is a promise only where the token was not seen before
 *   and a public key has to be looked up.
 * @throws Unavailable where the keys cannot be fetched: that says nothing about the token.
 */
export type VerifyToken = (token: string) => Caller | null | Promise<Caller | null>

type VerifiedToken = { caller: Caller; expiresAtMs: number }

/**
 * Verifies HS256 tokens with JWT_SECRET and RS256, ES256 and EdDSA tokens with the keys at JWKS_URL. Which of the two
 * applies is decided by the algorithm, and each accepts its own algorithms only: a public key can never be used
 * as a secret.
 *
 * Verified tokens are remembered until they expire, by their whole text, because a signature costs more to check
 * than the rest of a request. Very long ones are not: they are rare, and would take the memory of many.
 */
export function createTokenVerifier(config: TokenConfig): VerifyToken {
  const verified = openGenerations<VerifiedToken>(limits.tokenCacheMax)
  const claimsSchema = claimsSchemaOf(config)
  const decodeToken = createDecoder({ complete: true })
  const verifySecret = config.JWT_SECRET
    ? createVerifier({ key: config.JWT_SECRET, algorithms: ['HS256'] })
    : null
  const verifyPublic = config.JWKS_URL ? openPublicVerifier(config.JWKS_URL) : null

  function accept(token: string, payload: unknown): Caller | null {
    const claims = claimsSchema.safeParse(payload)
    if (!claims.success) return null
    const { sub: userId, exp, role, shop } = claims.data
    const expiresAtMs = exp * 1_000
    if (expiresAtMs <= Date.now()) return null
    const caller: Caller = { userId, role, shop }
    if (token.length <= limits.tokenCacheLengthMax) verified.set(token, { caller, expiresAtMs })
    return caller
  }

  return (token) => {
    if (token.length > limits.tokenLengthMax) return null
    const known = verified.get(token)
    if (known) {
      return known.expiresAtMs > Date.now() ? known.caller : null
    }
    try {
      // Where there is only a secret nothing has to be told apart, and a quarter of the work is saved.
      if (!verifyPublic || decodeToken(token).header.alg === 'HS256') {
        return verifySecret && accept(token, verifySecret(token))
      }
      return verifyPublic(token).then(
        (payload) => accept(token, payload),
        (error) => refuse(error),
      )
    } catch (error) {
      return refuse(error)
    }
  }
}

function openPublicVerifier(url: string): (token: string) => Promise<unknown> {
  const keys = openSigningKeys(url)
  return createVerifier({
    algorithms: [...publicKeyAlgorithms],
    key: async ({ header }: { header: Record<string, unknown> }) => {
      const key = await keys.find({ alg: String(header.alg), kid: header.kid })
      if (!key) throw new TokenError(TokenError.codes.invalidKey, 'Unknown key')
      return key
    },
  })
}

/** What is wrong with a token stays between us and the log of its issuer; an outage is not the token's fault. */
function refuse(error: unknown): null {
  if (!(error instanceof TokenError)) throw error
  const { originalError } = error as { originalError?: unknown }
  if (originalError instanceof Unavailable) throw originalError
  return null
}
