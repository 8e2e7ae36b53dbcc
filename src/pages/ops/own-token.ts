import { readClaims } from '../token-claims.ts'

/** Why a token that an operator brings is not one to change this shop with; empty where it may be. */
export function findTokenFault(token: string, shop: string): string {
  if (token.trim() === '') return ''
  const claims = readClaims(token)
  if (!claims) return 'This is not a token.'
  if (claims.role !== 'admin') return 'This is the token of a buyer, who can change nothing here.'
  return claims.shop === shop ? '' : `This token is for the shop ${claims.shop}.`
}
