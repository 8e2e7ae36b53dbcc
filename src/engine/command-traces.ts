import type { Reply } from './engine.ts'

/** What follows traced commands through their batches; without it nothing is traced. */
export type CommandTraces = {
  /** Notes that the request which is being answered gives this command, if it is traced. */
  note(command: readonly string[]): void
  /**
   * Sends a batch as a part of the traces of its commands.
   *
   * @param send takes the `traces` of the deciding script, which its events carry to the drain.
   */
  follow(
    batch: { shop: string; commands: readonly string[][] },
    send: (traces: string) => Promise<Reply[]>,
  ): Promise<Reply[]>
}
