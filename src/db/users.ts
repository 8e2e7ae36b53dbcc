import type { EntityManager } from '@mikro-orm/postgresql'
import { sql } from 'kysely'
import type { Outcome } from '../domain/outcome.ts'
import { User } from './entities/users.ts'

export type UserRecord = { id: string; name: string | null; email: string | null }

/**
 * Creates a user. Events may have created the row before, with nothing but the id: that one is completed, not
 * refused.
 */
export async function createUser(
  em: EntityManager,
  user: { shop: string; id: string; name: string; email?: string | null | undefined },
): Promise<Outcome<UserRecord, 'user_exists' | 'email_taken'>> {
  const { shop, id, name, email = null } = user
  try {
    const { rows } = await sql`
      insert into users as known (shop, id, name, email) values (${shop}, ${id}, ${name}, ${email})
      on conflict (shop, id) do update set name = excluded.name, email = excluded.email, updated_at = now()
      where known.name is null
      returning id`.execute(em.getKysely())
    if (rows.length === 0) return { ok: false, code: 'user_exists' }
    return { ok: true, replayed: false, value: { id, name, email } }
  } catch (error) {
    if (isEmailTaken(error)) return { ok: false, code: 'email_taken' }
    throw error
  }
}

/** The user, or null. A user whom only events know has neither name nor email. */
export async function findUser(
  em: EntityManager,
  shop: string,
  id: string,
): Promise<UserRecord | null> {
  const user = await em.findOne(User, { shop, id }, { disableIdentityMap: true })
  return user && { id, name: user.name ?? null, email: user.email ?? null }
}

function isEmailTaken(error: unknown): boolean {
  return (
    error instanceof Error && 'constraint' in error && error.constraint === 'users_email_unique'
  )
}
