import { describe, expect, it } from 'vitest'
import { openAcceptedCommands } from '../../src/engine/accepted.ts'
import type { Reply } from '../../src/engine/engine.ts'
import { limits } from '../../src/limits.ts'

const claim = (user: string) => ['claim-coupon', '2', 'c', user]
const claimed: Reply = ['claimed', '{}']

/** One batch that appended one event per accepted command. */
function batch(lastEventId: string, users: string[], backlog = 0) {
  return { commands: users.map(claim), backlog, appended: users.length, lastEventId }
}

describe('what an API process remembers of what it accepted', () => {
  it('names the accepted commands after an event, and no refused ones', () => {
    const accepted = openAcceptedCommands()
    accepted.note(batch('100-5', ['ann'], 1), [claimed])
    accepted.note(batch('100-12', ['bob', 'cat'], 2), [claimed, ['sold_out']])
    expect(accepted.takeAfter('100-5')).toEqual({ commands: [claim('bob')], forgotten: 0 })
    expect(accepted.takeAfter('0-0')).toEqual({ commands: [], forgotten: 0 })
  })

  it('forgets what Postgres must have, because the outbox holds no more', () => {
    const accepted = openAcceptedCommands()
    for (let number = 1; number <= 500; number++) {
      accepted.note(batch(`${number}-0`, [`u${number}`], 2), [claimed])
    }
    const { commands } = accepted.takeAfter('0-0')
    expect(commands.map(([, , , user]) => user)).toEqual(['u498', 'u499', 'u500'])
  })

  it('remembers no more than its bound, and counts the others', () => {
    const accepted = openAcceptedCommands()
    const users = Array.from({ length: 64 }, (_, index) => `u${index}`)
    const rounds = Math.ceil(limits.rememberedCommandsMax / 64) + 3
    for (let number = 1; number <= rounds; number++) {
      accepted.note(
        batch(`${number}-0`, users, limits.backlogEventsMax),
        users.map(() => claimed),
      )
    }
    const { commands, forgotten } = accepted.takeAfter('0-0')
    expect(commands.length).toBeLessThanOrEqual(limits.rememberedCommandsMax)
    expect(commands.length + forgotten).toBe(rounds * 64)
  })
})
