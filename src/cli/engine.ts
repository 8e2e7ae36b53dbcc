import { InvalidArgumentError } from '@commander-js/extra-typings'
import { openClient } from '../client/client.ts'
import { type Config, enginePattern, loadConfig } from '../config.ts'
import { isAlive } from '../services/life-sign.ts'
import { serverUrl } from '../services/server-url.ts'
import { openTokenSigner } from '../services/token-signer.ts'
import { command, id, WrongUsage } from './command.ts'

/** Long enough for any one command, whose requests get a fresh token each. */
const tokenTtlMs = 60_000

export type Api = ReturnType<typeof openClient>

type Access = { shop?: string; url?: string; token?: string }

/** A command that asks the running engine over HTTP, as an admin. */
export function engineCommand(name: string, about: Parameters<typeof command>[1]) {
  return command(name, about)
    .option('--shop <name>', 'the shop to act in (default: main)', id)
    .option(
      '--url <url>',
      'another engine than that of this configuration; or STAMPEDE_URL',
      address,
    )
    .option(
      '--token <token>',
      'what its admin gave you; better in STAMPEDE_TOKEN, which nobody sees',
    )
}

/**
 * A client of the engine of this configuration, with tokens signed here, or of another one with a token of its admin.
 *
 * @param timeoutMs for a request and all its repetitions.
 * @throws Error where no engine answers.
 */
export async function openEngine(access: Access, timeoutMs?: number): Promise<Api> {
  const config = loadConfig()
  const given = access.url ?? config.STAMPEDE_URL
  const url = given === undefined ? serverUrl(config) : new URL(given)
  const givenToken = access.token ?? config.STAMPEDE_TOKEN
  // A token signed here would let whoever listens there act here.
  if (given && givenToken === undefined) {
    throw new WrongUsage(`A token of an admin of ${url.origin} is needed, in STAMPEDE_TOKEN.`)
  }
  if (givenToken !== undefined && access.shop !== undefined) {
    throw new WrongUsage('A given token says which shop it acts in; leave --shop out.')
  }
  if (!(await isAlive(url))) {
    throw new Error(`Nothing answers at ${url.origin}${given ? '.' : ': npm start first.'}`)
  }
  const token = givenToken ?? openAdminTokens(config, access.shop)
  return openClient(url.origin, { token, ...(timeoutMs !== undefined && { timeoutMs }) })
}

function openAdminTokens(config: Config, shop = 'main'): () => string {
  const sign = openTokenSigner(config, tokenTtlMs)
  return () => sign({ sub: 'operator', role: 'admin', shop })
}

function address(text: string): string {
  if (!enginePattern.test(text)) {
    throw new InvalidArgumentError('It must be like https://shop.example.org:3000')
  }
  return text
}
