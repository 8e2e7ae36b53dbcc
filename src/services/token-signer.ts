import { createSigner } from 'fast-jwt'
import type { Config } from '../config.ts'
import { findJwtSecret } from './jwt-secret.ts'

export type TokenClaims = { sub: string; role: 'user' | 'admin'; shop?: string }

type Names = Pick<Config, 'JWT_ISSUER' | 'JWT_AUDIENCE'>

/**
 * Signs tokens (HS256) for the engine of this configuration.
 *
 * @throws Error where the configuration knows no secret.
 */
export function openTokenSigner(config: Config, ttlMs: number): (claims: TokenClaims) => string {
  const key = findJwtSecret(config)
  if (key === undefined) {
    throw new Error(
      'This configuration knows no secret: whoever runs JWKS_URL gives out the tokens.',
    )
  }
  return createSigner({ key, algorithm: 'HS256', expiresIn: ttlMs, ...namesOf(config) })
}

/** What a token has to say of issuer and audience, where the configuration asks for it. */
export function namesOf({ JWT_ISSUER: iss, JWT_AUDIENCE: aud }: Names): {
  iss?: string
  aud?: string
} {
  return { ...(iss !== undefined && { iss }), ...(aud !== undefined && { aud }) }
}
