import { ago, moment } from '../lib/format'
import { useNow } from '../lib/now'

/** '3 hours ago'; the whole date on hover. `at` in Unix milliseconds. */
export function RelativeTime({ at }: { at: number }) {
  const now = useNow()
  return (
    <time dateTime={new Date(at).toISOString()} title={moment(at)} className="whitespace-nowrap">
      {ago(at, now)}
    </time>
  )
}
