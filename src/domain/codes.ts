import { hash } from 'node:crypto'
import { customAlphabet } from 'nanoid'

/** No letter or digit that is taken for another: I, L, O and U are left out. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const randomText = customAlphabet(alphabet, 20)

/** A new single-use code: 20 characters of 5 random bits in groups of five, e.g. `7H2KM-PQ9RS-…`. */
export function newCode(): string {
  return randomText().replace(/(.{5})(?!$)/g, '$1-')
}

/** What such a code looks like. It begins with a letter or a digit, so no spreadsheet takes it for a formula. */
export const codePattern = new RegExp(`^[${alphabet}]{5}(?:-[${alphabet}]{5}){3}$`)

/**
 * What is stored of a single-use code: 128 bits of a hash over shop and code. A code has 100 random bits, so it needs
 * no salt. Case, dashes and spaces do not count.
 */
export function codeDigest(shop: string, code: string): string {
  const plain = code.toUpperCase().replace(/[\s-]/g, '')
  return hash('sha256', `${shop}\n${plain}`, 'base64url').slice(0, 22)
}
