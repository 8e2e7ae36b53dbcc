/** The five schemas that docs/DATA-MODEL.md covers: title of the section → entity → fields. */
export const sources: Record<string, Record<string, string>> = {
  'Schema A: wallet and coupon mold': {
    USER: 'id name created_at last_modified_at',
    USER_BALANCE: 'id balance user_id created_at last_modified_at',
    COUPON_MOLD: 'id discount_amount expiration_date created_at last_modified_at',
    COUPON_MOLD_INVENTORY: 'id stock coupon_mold_id created_at last_modified_at',
    USER_COUPON: 'id used used_at user_id coupon_mold_id payment_id created_at last_modified_at',
    PRODUCT: 'id name price created_at last_modified_at',
    PRODUCT_INVENTORY: 'id stock product_id created_at last_modified_at',
    ORDERS: 'id total_price state user_id created_at last_modified_at',
    ORDER_PRODUCT:
      'id price quantity discount_amount order_id product_id created_at last_modified_at',
    PAYMENT:
      'id amount discount_amount order_id user_coupon_id status paid_at created_at last_modified_at',
  },
  'Schema B: options and issued coupons': {
    user: 'id name email created_at modified_at',
    balance: 'id user_id balance created_at modified_at',
    balance_history: 'id balance_id issued_coupon_id amount transaction_type created_at',
    coupon: 'id discount_price quantity created_at modified_at',
    issued_coupon: 'id user_id coupon_id status used_at expired_at created_at',
    product: 'id brand name created_at modified_at',
    product_details: 'id product_id option_value price stock created_at modified_at',
    order:
      'id user_id issued_coupon_id order_date status total_amount discount_amount payment_amount ' +
      'created_at modified_at',
    order_item: 'id order_id product_detail_id unit_price quantity created_at modified_at',
    payment: 'id order_id status amount paid_at created_at modified_at',
  },
  'Schema C: coupon history and popular products': {
    USER: 'user_id user_name created_at updated_at',
    WALLET: 'wallet_id user_id current_balance created_at last_updated',
    PRODUCT: 'product_id product_name price status created_at updated_at',
    PRODUCT_STOCK: 'stock_id product_id stock_quantity last_updated',
    POPULAR_PRODUCTS: 'popularity_id product_id sales_count start_date end_date last_updated',
    ORDER:
      'order_id user_id total_amount discount_amount final_amount order_date order_status ' +
      'cancel_date modified_at coupon_id',
    ORDER_DETAILS: 'order_details_id order_id product_id quantity unit_price subtotal',
    COUPON:
      'coupon_id coupon_name status discount_type discount_value quantity created_at updated_at',
    COUPON_HISTORY:
      'coupon_history_id coupon_id user_id action_type order_id applied_discount created_at',
    PAYMENT: 'payment_id order_id user_id payment_amount payment_status payment_date last_updated',
  },
  'Schema D: histories and rankings': {
    USERS: 'user_id name email balance created_at updated_at',
    PRODUCTS: 'product_id name price stock status created_at updated_at',
    PRODUCT_PRICE_HISTORY: 'history_id product_id old_price new_price reason changed_at',
    ORDERS:
      'order_id user_id user_coupon_id original_amount discount_amount final_amount status ' +
      'order_date expires_at created_at updated_at',
    ORDER_ITEMS: 'order_item_id order_id product_id quantity price_per_item',
    PRODUCT_STOCK_HISTORY: 'history_id product_id change_quantity order_id created_at',
    COUPONS:
      'coupon_id name code discount_type discount_value expires_at total_quantity ' +
      'issued_quantity created_at updated_at',
    USER_COUPONS: 'user_coupon_id user_id coupon_id status issued_at used_at',
    BALANCE_HISTORY: 'history_id user_id amount before_amount after_amount type transaction_at',
    PRODUCT_RANKINGS: 'ranking_id ranking_date product_id total_sales_count rank created_at',
  },
  'Schema E: points and cart': {
    USER: 'user_id name point created_at',
    POINT_LOG: 'point_log_id user_id type point_amount point_balance created_at',
    ORDER:
      'order_id user_id user_coupon_id total_amount discount_amount used_point status created_at',
    ORDER_ITEM:
      'order_item_id order_id product_id product_name description quantity price created_at',
    COUPON:
      'coupon_id coupon_name discount_type discount_amount issued_quantity used_quantity created_at',
    USER_COUPON: 'user_coupon_id user_id coupon_id used issued_at used_at',
    CART_ITEM: 'cart_item_id user_id product_id quantity created_at updated_at',
    PRODUCT: 'product_id product_name description quantity price created_at updated_at',
  },
}
