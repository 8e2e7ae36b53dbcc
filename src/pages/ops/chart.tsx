import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'

/** A line of a chart: its name, and the custom property of the style sheet that has its colour. */
export type Line = {
  label: string
  color: string
  /** Whether it has a scale of its own, on the right. */
  isOnTheRight?: boolean
}

/** What the chart shows: times in seconds since 1970, then the values of each line; null where it is not known. */
export type ChartData = [times: number[], ...values: (number | null)[][]]

const heightPx = 220

/** Time and events are counted in what is whole; on the right there may be less than one. */
const timeSteps = [1, 5, 10, 15, 30, 60, 120, 300]
const countSteps = [1, 10, 100, 1_000, 10_000, 100_000].flatMap((one) => [one, 2 * one, 5 * one])
const fineSteps = [0.2, 0.5, ...countSteps]

/** A chart over time. Whoever cannot see it finds the same figures in the tables of the page. */
export function Chart({ title, lines, data }: { title: string; lines: Line[]; data: ChartData }) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot | null>(null)
  const newest = useRef(data)
  newest.current = data

  useEffect(() => {
    const element = place.current as HTMLDivElement
    const draw = () => {
      chart.current?.destroy()
      chart.current = new uPlot(optionsOf(lines, element), newest.current, element)
    }
    draw()
    // A canvas knows nothing of style sheets: in another scheme it is drawn anew.
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', draw)
    const resizing = new ResizeObserver(() => {
      chart.current?.setSize({ width: element.clientWidth, height: heightPx })
    })
    resizing.observe(element)
    return () => {
      scheme.removeEventListener('change', draw)
      resizing.disconnect()
      chart.current?.destroy()
    }
  }, [lines])
  useEffect(() => chart.current?.setData(data), [data])

  return (
    <figure aria-label={title}>
      <figcaption>{title}</figcaption>
      <div ref={place} />
    </figure>
  )
}

/** The chart's own would have the date as well, and on a phone one over the other. */
const clockTimes = (_chart: uPlot, times: number[]) =>
  times.map((at) => new Date(at * 1_000).toLocaleTimeString([], { hourCycle: 'h23' }))

const fromZero: uPlot.Scale = {
  range: (_chart, _low, high) => [0, Math.max(1, (high ?? 0) * 1.1)],
}

/** A canvas knows no custom properties; an element that takes its colour from one tells which colour that is. */
function optionsOf(lines: Line[], element: HTMLElement): uPlot.Options {
  const colorOf = (name: string) => {
    element.style.color = `var(${name})`
    return getComputedStyle(element).color
  }
  const axis = {
    stroke: colorOf('--text-soft'),
    grid: { stroke: colorOf('--line'), width: 1 },
    ticks: { stroke: colorOf('--line'), width: 1 },
  }
  return {
    width: element.clientWidth,
    height: heightPx,
    series: [
      {},
      ...lines.map(({ label, color, isOnTheRight }) => ({
        label,
        scale: isOnTheRight ? 'right' : 'y',
        stroke: colorOf(color),
        width: 2,
        points: { show: false },
      })),
    ],
    axes: [
      { ...axis, incrs: timeSteps, values: clockTimes, space: 76, size: 32 },
      { ...axis, incrs: countSteps, size: 56 },
      ...(lines.some(({ isOnTheRight }) => isOnTheRight)
        ? [{ ...axis, incrs: fineSteps, scale: 'right', side: 1 as const, grid: { show: false } }]
        : []),
    ],
    scales: { y: fromZero, right: fromZero },
    // What is chosen by dragging would be undone by the next second.
    cursor: { y: false, drag: { x: false, y: false } },
  }
}
