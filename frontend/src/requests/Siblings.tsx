import { Link } from 'wouter'

import { ended } from '../api/outcomes'
import type { Schema } from '../api/queries'
import { classes } from '../lib/classes'
import { duration, money, toSecond } from '../lib/format'
import { useNow } from '../lib/now'
import { Status } from '../ui/Status'
import { Part } from './Part'
import type { Row } from './tail'
import { texts } from './texts'
import { word } from './words'

const said = texts.detail

type Props = {
  row: Schema['RequestLogDetail']
  siblings: readonly Row[]
  hrefOf: (id: string) => string
}

/** The other requests of the same conversation. */
export function Siblings({ row, siblings, hrefOf }: Props) {
  const now = useNow()
  const { conversation, conversationId } = row
  if (!conversation || !conversationId || siblings.length < 2) return null
  const q = encodeURIComponent(word('conversation', conversationId))
  return (
    <Part title={said.siblings}>
      <p className="mb-2 text-sm text-muted">
        {said.siblingsOf(conversation.requestCount, money(conversation.aggregatedCostUsd * 1e6))}{' '}
        <Link href={`/requests?q=${q}&range=30d`} className="rounded text-accent underline">
          {said.filter}
        </Link>
      </p>
      <ol className="max-h-72 overflow-y-auto rounded border border-line">
        {siblings.map((one) => (
          <li key={one.requestId} className="border-b border-line last:border-0">
            <Link
              href={hrefOf(one.requestId)}
              aria-current={one.requestId === row.requestId || undefined}
              className={classes(
                'flex min-h-8 touch:min-h-11 items-center gap-3 px-3 text-sm -outline-offset-2 hover:bg-soft',
                one.requestId === row.requestId && 'bg-soft font-medium',
              )}
            >
              <span className="text-muted tabular">
                {toSecond(Date.parse(one.requestedAt), now)}
              </span>
              <Status tone={ended(one)[0]} className="min-w-0 grow">
                {ended(one)[1]}
              </Status>
              <span className="tabular">{one.latencyMs !== null && duration(one.latencyMs)}</span>
            </Link>
          </li>
        ))}
      </ol>
    </Part>
  )
}
