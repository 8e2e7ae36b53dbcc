import { openStatusLine } from '../telemetry/status-line.ts'
import { exitCodes, show } from './answer.ts'
import { storesCommand } from './command.ts'

export function verifyCommand() {
  return storesCommand('verify', {
    summary: 'Prove the books of a shop, row by row',
    details:
      "Postgres' rows among themselves, and Redis against Postgres; the shop may be selling. It looks into the " +
      'stores of this configuration itself, so it needs no engine that runs.',
    examples: ['verify', 'verify --shop outlet --json'],
  })
    .option('--progress', 'tell what it is at, also where standard error is no terminal')
    .action(async ({ shop = 'main', progress, ...options }) => {
      const [{ withStores }, { verify }, { formatReport }] = await Promise.all([
        import('./stores.ts'),
        import('../verify/verify.ts'),
        import('../verify/format-report.ts'),
      ])
      const line = openStatusLine({ isTerminalOnly: !progress })
      const onPhase = (phase: string) => line.set(() => `${shop}: ${phase}`)
      // Somebody waits for this one answer, however many rows there are.
      const bounds = { name: 'stampede-verify', poolMax: 2, statementTimeoutMs: 0 }
      const report = await withStores(bounds, (stores) =>
        verify(stores, shop, { onPhase }),
      ).finally(line.end)
      // Neither side knows it: a list of all that is missing would look like a loss.
      if (report.epoch === 0 && !options.json) {
        throw new Error(`There is no shop ${shop}; npm run shop -- list names those that are.`)
      }
      process.exitCode = report.ok ? exitCodes.done : exitCodes.failed
      show(report, options, formatReport)
    })
}
