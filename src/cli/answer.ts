import { constants } from 'node:os'
import { CommanderError } from '@commander-js/extra-typings'
import type { Outcome } from '../client/client.ts'
import type { ProblemBody } from '../http/problem.ts'
import { reasonOf } from '../services/reason.ts'
import { WrongUsage } from './command.ts'
import { Interrupted } from './interruption.ts'

/** How a command ends; whoever is interrupted ends with 128 and the number of the signal, as shells have it. */
export const exitCodes = { done: 0, failed: 1, wrongUsage: 2 } as const

export type ForWhom = { json?: true | undefined }

/** Prints what a command has found or done: one JSON object for a machine, else lines for people. */
export function show<Body>(body: Body, { json }: ForWhom, describe: (body: Body) => string): void {
  // Before the output, because a reader that is gone ends the process.
  process.exitCode ??= exitCodes.done
  process.stdout.write(`${json ? JSON.stringify(body) : describe(body)}\n`)
}

/** Prints what the engine answered. A refusal is told by its code, and to a machine as the engine said it. */
export function showOutcome<Body>(
  outcome: Outcome<Body>,
  forWhom: ForWhom,
  describe: (body: Body) => string,
): void {
  if (outcome.ok) {
    show(outcome.body, forWhom, describe)
    return
  }
  const { code, title, detail, errors = [] } = outcome.problem
  const fields = errors.map(({ path, message }) => `${path}: ${message}`)
  const reason = fields.length > 0 ? `${title}: ${fields.join('; ')}` : detail
  fail(`${code}: ${reason}`, outcome.problem, forWhom, exitCodes.failed)
}

/** Tells why a command could not do its work, and sets the exit code. */
export function showFailure(error: unknown, forWhom: ForWhom): void {
  const exitCode = exitCodeOf(error)
  // Commander has printed what was asked for, or the help where a command is missing.
  if (error instanceof CommanderError) process.exitCode = exitCode
  else fail(reasonOf(error), failureOf(error), forWhom, exitCode)
}

/** What a machine is told of a failure. */
export function failureOf(error: unknown): Pick<ProblemBody, 'code' | 'detail'> {
  return { code: codeOf(error), detail: reasonOf(error) }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done
  if (error instanceof CommanderError || error instanceof WrongUsage) return exitCodes.wrongUsage
  if (error instanceof Interrupted) return 128 + constants.signals[error.signal]
  return exitCodes.failed
}

function codeOf(error: unknown): string {
  if (error instanceof WrongUsage) return 'wrong_usage'
  return error instanceof Interrupted ? 'interrupted' : 'failed'
}

function fail(
  line: string,
  problem: Pick<ProblemBody, 'code' | 'detail'>,
  { json }: ForWhom,
  exitCode: number,
): void {
  process.exitCode = exitCode
  if (json) process.stdout.write(`${JSON.stringify(problem)}\n`)
  process.stderr.write(`${line}\n`)
}
