import { isIP } from 'node:net'
import type { Context } from 'hono'
import ipaddr from 'ipaddr.js'
import { limits } from '../limits.ts'
import { type Environment, headerOf } from './environment.ts'
import { openGenerations } from './generations.ts'

/**
 * Who sends a request, as far as the network tells: a public IPv4 address, or a public IPv6 network of 64 bits, which
 * is what one household or one rented machine has. It is null for what is not public: a proxy that nobody told us of,
 * behind which everybody may be, or a tool of the operator.
 */
export type AddressOf = (c: Context<Environment>) => string | null

/**
 * @param trustedProxies that stand before this server, each of which appends to `X-Forwarded-For` whom it got the
 *   request from. What stands further left in it is what the client says, and not believed.
 */
export function openAddressOf(trustedProxies: number): AddressOf {
  // Reading an address costs ten times what looking it up does, and most come again.
  const known = openGenerations<string | null>(limits.requestSendersMax)

  function publicAddressOf(text: string): string | null {
    let address = known.get(text)
    if (address === undefined) {
      address = publicAddress(text)
      known.set(text, address)
    }
    return address
  }

  return (c) => {
    const peer = c.env?.incoming?.socket.remoteAddress
    const forwarded = trustedProxies > 0 ? headerOf(c, 'x-forwarded-for') : undefined
    const named = forwarded?.split(',').at(-trustedProxies)?.trim()
    const address = named !== undefined && isIP(named) ? named : peer
    return address === undefined ? null : publicAddressOf(address)
  }
}

function publicAddress(text: string): string | null {
  const address = ipaddr.process(text)
  if (address.range() !== 'unicast') return null
  if (address.kind() === 'ipv4') return address.toString()
  return `${address.toByteArray().slice(0, 8).join('.')}/64`
}
