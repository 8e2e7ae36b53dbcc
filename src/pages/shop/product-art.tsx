/** A picture for a product that has none: calm shapes that are always the same for the same product. */
export function ProductArt({ id }: { id: string }) {
  const dice = openDice(id)
  const hue = dice(360)
  const circles = Array.from({ length: 4 }, (_, index) => ({
    cx: 40 + dice(320),
    cy: 40 + dice(220),
    r: 40 + dice(90),
    fill: `hsl(${(hue + index * 24) % 360} ${46 + dice(20)}% ${54 + index * 7}%)`,
  }))
  return (
    <svg class="art" viewBox="0 0 400 300" preserveAspectRatio="xMidYMid slice" aria-hidden="true">
      <rect width="400" height="300" fill={`hsl(${hue} 44% 86%)`} />
      <path
        d={`M0 ${180 + dice(60)} Q ${120 + dice(160)} ${90 + dice(80)} 400 ${170 + dice(70)} V300 H0 Z`}
        fill={`hsl(${(hue + 18) % 360} 42% 74%)`}
      />
      {circles.map((circle) => (
        <circle key={`${circle.cx} ${circle.cy}`} {...circle} fill-opacity="0.55" />
      ))}
    </svg>
  )
}

/** Numbers below a bound that look random and depend on the text alone. */
function openDice(text: string): (bound: number) => number {
  let state = 2_166_136_261
  const stir = (value: number) => {
    state = Math.imul(state ^ value, 16_777_619) >>> 0
  }
  for (const letter of text) stir(letter.charCodeAt(0))
  return (bound) => {
    stir(bound)
    return (state >>> 8) % bound
  }
}
