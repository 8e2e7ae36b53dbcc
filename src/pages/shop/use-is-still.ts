import { useRef } from 'preact/hooks'

/** Tells later whether a value is still what it is now: who waits for an answer may find another buyer. */
export function useIsStill<Value>(value: Value): () => boolean {
  const newest = useRef(value)
  newest.current = value
  return () => newest.current === value
}
