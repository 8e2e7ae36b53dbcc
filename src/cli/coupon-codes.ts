import { outcomeOf } from '../client/client.ts'
import { codePattern } from '../domain/codes.ts'
import { reasonOf } from '../services/reason.ts'
import { openStatusLine } from '../telemetry/status-line.ts'
import { exitCodeOf, exitCodes, failureOf, show, showOutcome } from './answer.ts'
import { openFileSink, openListSink, openOutputSink } from './code-sink.ts'
import { id, integer } from './command.ts'
import { engineCommand, openEngine } from './engine.ts'
import { openInterruption } from './interruption.ts'

/** A million codes take as long as the disks on both sides do. */
const timeoutMs = 3_600_000

export function codesCommand() {
  return engineCommand('codes', {
    summary: 'Make single-use codes of a coupon, as CSV',
    details:
      'They are told once and never again: only their hashes are stored. Where it ends early, those that were told ' +
      'work. A file is made anew, for you alone, and never overwritten.',
    examples: [
      'coupon codes ab12cd34ef56 --count 5000 --out codes.csv',
      'coupon codes ab12cd34ef56 --count 10 > codes.csv',
      'coupon codes ab12cd34ef56 --count 3 --json',
    ],
  })
    .argument('<id>', 'the id of the coupon', id)
    .requiredOption('--count <count>', 'how many, at most 1000000', integer)
    .option('--out <file>', 'write them to this file instead of standard output')
    .option('--progress', 'tell how far it is, also where standard error is no terminal')
    .action(async (couponId, options) => {
      const { count, out: file, json } = options
      const signal = openInterruption()
      const { v1 } = await openEngine(options, timeoutMs)
      // First of all: codes that have no place to go would be lost.
      const sink =
        file !== undefined ? await openFileSink(file) : json ? openListSink() : openOutputSink()
      const request = { param: { id: couponId }, json: { count } }
      const call = v1.coupons[':id'].codes.$post(request, { init: { signal } })
      const answer = await call.catch(async (error) => {
        await sink.discard()
        throw error
      })
      if (!answer.ok || !answer.body) {
        await sink.discard()
        return showOutcome(await outcomeOf(call), options, String)
      }

      // Not done until all of them are in their place: a reader that leaves ends the process.
      process.exitCode = exitCodes.failed
      let told = 0
      let problem: unknown
      const line = openStatusLine({ isTerminalOnly: !options.progress })
      line.set(() => `${told} of ${count} codes`)
      try {
        for await (const codes of codesIn(answer.body)) {
          await sink.write(codes)
          told += codes.length
        }
        if (told < count) throw new Error('the answer ended early')
      } catch (error) {
        problem = error
      }
      line.end()
      await sink.end().catch((error: unknown) => {
        problem ??= error
      })
      process.exitCode = problem === undefined ? exitCodes.done : exitCodeOf(problem)
      if (problem !== undefined) {
        process.stderr.write(`${told} of ${count} codes are told, and work: ${reasonOf(problem)}\n`)
      }
      const failure = problem === undefined ? {} : failureOf(problem)
      const result = { ...failure, couponId, asked: count, told, ...sink.result }
      if (json || file !== undefined) show(result, options, () => `${told} codes are in ${file}`)
    })
}

/**
 * The codes of an answer in CSV, as they come.
 *
 * @throws Error where it holds anything else: a spreadsheet must not get to calculate what somebody made up.
 */
async function* codesIn(body: ReadableStream<Uint8Array>): AsyncGenerator<string[]> {
  let heading: string | undefined
  let rest = ''
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    heading ??= lines.shift()
    if ((heading ?? 'code') !== 'code' || !lines.every((line) => codePattern.test(line))) {
      throw new Error('the answer holds something else than codes')
    }
    yield lines
  }
}
