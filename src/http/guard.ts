import type { Context, Handler } from 'hono'
import type { Environment } from './environment.ts'

/**
 * Refuses a request by returning an answer, or lets it pass. Only a guard that has to wait for something returns a
 * promise, so that a request is refused in the same call that brought it where nothing has to be waited for.
 */
export type Guard = (
  c: Context<Environment>,
) => Response | undefined | Promise<Response | undefined>

type Answer = Response | Promise<Response>

/** A handler behind guards: the first that refuses answers. */
export function guarded(
  guards: readonly Guard[],
  handler: Handler<Environment>,
): Handler<Environment> {
  const answer = (c: Context<Environment>): Answer => handler(c, noNext) as Answer

  async function resume(
    c: Context<Environment>,
    waiting: Promise<Response | undefined>,
    next: number,
  ) {
    let refusal = await waiting
    for (let index = next; refusal === undefined && index < guards.length; index++) {
      refusal = await (guards[index] as Guard)(c)
    }
    return refusal ?? answer(c)
  }

  return (c) => {
    for (let index = 0; index < guards.length; index++) {
      const refusal = (guards[index] as Guard)(c)
      if (refusal instanceof Promise) return resume(c, refusal, index + 1)
      if (refusal !== undefined) return refusal
    }
    return answer(c)
  }
}

/** There is nothing behind a route. */
async function noNext(): Promise<void> {}
