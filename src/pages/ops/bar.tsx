/** How a whole is divided, as a bar; the figures beside it say the same. */
export function Bar({ parts }: { parts: { name: string; count: number }[] }) {
  const total = parts.reduce((sum, { count }) => sum + count, 0)
  let start = 0
  return (
    <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      {parts.map(({ name, count }) => {
        const width = total === 0 ? 0 : (count / total) * 100
        start += width
        return <rect key={name} class={name} x={start - width} width={width} height="8" />
      })}
    </svg>
  )
}
