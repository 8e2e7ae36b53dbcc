/** The shop that the address of a page names: `?shop=`. */
export function shopOfAddress(): string {
  return new URLSearchParams(location.search).get('shop') ?? 'main'
}
