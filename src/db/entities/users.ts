import { defineEntity, p } from '@mikro-orm/core'
import { id, time } from './columns.ts'

/** A user. An event of an unknown user creates the row with nothing but the id. */
export const User = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    shop: id().primary(),
    id: id().primary(),
    name: p.text().nullable(),
    email: p.text().nullable(),
    createdAt: time(),
    updatedAt: time(),
  },
})
