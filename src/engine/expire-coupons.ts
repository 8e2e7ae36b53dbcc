import type { Engine } from './engine.ts'

/**
 * Marks user coupons as expired whose time has passed and that no order holds. It only tidies: an order judges the
 * time itself.
 *
 * @param command.userCoupons at most limits.expiredCouponsMax.
 * @returns how many it marked; a closed shop or a full backlog has none to mark now.
 */
export async function expireCoupons(
  engine: Engine,
  command: { shop: string; userCoupons: readonly { id: string; userId: string }[] },
): Promise<number> {
  const pairs = command.userCoupons.flatMap(({ id, userId }) => [id, userId])
  const [status, expired] = await engine.decide(command.shop, 'expire-coupons', {}, pairs)
  return status === 'expired' ? Number(expired) : 0
}
