import { figure } from './report.ts'
import type { Row } from './row.ts'

const size = { width: 640, height: 320, left: 70, right: 150, top: 30, bottom: 50 }
/** They can be told apart by those who see no red or green, and on white and black. */
const colors = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00']

/** Draws rows with points as lines over a logarithmic axis, from zero upwards. */
export function plotOf(rows: Row[]): string {
  const points = rows.flatMap(({ point, value, unit }) =>
    point ? [{ ...point, value, unit }] : [],
  )
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b)
  const [low = 1, high = 1] = [xs[0], xs.at(-1)]
  const top = 1.1 * Math.max(...points.map(({ value }) => value))
  const wide = size.width - size.left - size.right
  const tall = size.height - size.top - size.bottom
  const xOf = (x: number) =>
    size.left + (high === low ? 0 : (wide * Math.log(x / low)) / Math.log(high / low))
  const yOf = (value: number) => size.top + tall * (1 - value / top)
  const lines = [...new Set(points.map(({ line }) => line))]
  const units = new Set(points.map(({ unit }) => unit))
  const title = units.size === 1 ? [...units][0] : points[0]?.unit.split(' ').slice(0, 2).join(' ')
  const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => (share * top) / 1.1)
  const text = (x: number, y: number, anchor: string, content: string, color = '#666') =>
    `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${color}">${escaped(content)}</text>`
  const parts = [
    text(size.left, size.top - 12, 'start', title ?? ''),
    text(size.left + wide / 2, size.height - 8, 'middle', points[0]?.xName ?? ''),
    ...steps.flatMap((value) => [
      `<path d="M${size.left} ${yOf(value).toFixed(1)}h${wide}" stroke="#ddd"/>`,
      text(size.left - 8, yOf(value) + 4, 'end', figure(value)),
    ]),
    ...xs.map((x) => text(xOf(x), size.top + tall + 18, 'middle', x.toLocaleString('en-US'))),
    ...lines.flatMap((line, index) => {
      const color = colors[index % colors.length] as string
      const own = points.filter((point) => point.line === line)
      const path = own.map(({ x, value }) => `${xOf(x).toFixed(1)} ${yOf(value).toFixed(1)}`)
      const last = own.at(-1)
      return [
        `<path d="M${path.join('L')}" stroke="${color}" stroke-width="2" fill="none"/>`,
        ...path.map((at) => {
          const [x, y] = at.split(' ')
          return `<circle cx="${x}" cy="${y}" r="3" fill="${color}"/>`
        }),
        text(xOf(last?.x ?? low) + 10, yOf(last?.value ?? 0) + 4, 'start', line, color),
      ]
    }),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif"`,
    ` font-size="12"><rect width="100%" height="100%" fill="#fff"/>\n${parts.join('\n')}\n</svg>\n`,
  ].join('')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
