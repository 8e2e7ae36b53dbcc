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
  return signTokensWith(key, config, ttlMs)
}

/** Signs tokens (HS256) with a secret, by the issuer and for the audience that the configuration asks for. */
export function signTokensWith(
  key: string,
  { JWT_ISSUER: iss, JWT_AUDIENCE: aud }: Names,
  ttlMs: number,
): (claims: TokenClaims) => string {
  const names = { ...(iss !== undefined && { iss }), ...(aud !== undefined && { aud }) }
  return createSigner({ key, algorithm: 'HS256', expiresIn: ttlMs, ...names })
}
