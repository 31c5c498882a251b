import { Info, OctagonAlert, TriangleAlert } from 'lucide-react'
import { Link } from 'wouter'

import type { Schema } from '../api/queries'
import { until, when } from '../lib/format'
import { useNow } from '../lib/now'
import { Card } from '../ui/Card'
import { Private } from '../ui/Private'
import { texts } from './texts'

const said = texts.attention

type Item = Schema['AttentionItem']

const MARKS = {
  high: [OctagonAlert, 'text-failed'],
  medium: [TriangleAlert, 'text-low'],
  low: [Info, 'text-muted'],
} as const

/** What wants a person, the gravest first, each with what to do. */
export function AttentionList({ items }: { items: readonly Item[] }) {
  const now = useNow()
  return (
    <Card title={said.title}>
      {items.length === 0 && <p className="text-muted">{said.none}</p>}
      <ul className="grid grid-cols-1 gap-3">
        {items.map((item) => {
          const [Mark, colour] = MARKS[item.severity]
          const [what, step] = said.kinds[item.kind]
          return (
            <li key={`${item.kind} ${item.subjectId ?? item.subject}`} className="flex gap-2">
              <Mark aria-hidden="true" className={`mt-0.5 size-4 shrink-0 ${colour}`} />
              <div className="min-w-0 grow">
                <p className="break-words">
                  <span className="sr-only">{said.severities[item.severity]}: </span>
                  {item.subject && (
                    <b className="font-medium">
                      {isPerson(item) ? <Private>{item.subject}</Private> : item.subject}{' '}
                    </b>
                  )}
                  {what}
                </p>
                <p className="text-sm break-words text-muted tabular">{detail(item, now)}</p>
              </div>
              <Link
                href={target(item)}
                className="shrink-0 self-start rounded py-0.5 text-accent underline touch:py-3"
              >
                {step}
              </Link>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}

const isPerson = ({ kind }: Item) => kind !== 'unpriced' && !kind.startsWith('key')

function target({ kind, subjectId }: Item): string {
  if (kind === 'failures') return '/requests?q=status:error'
  if (kind === 'unpriced') return '/settings/models'
  return `/${kind.startsWith('key') ? 'keys' : 'accounts'}/${subjectId}`
}

function detail({ kind, text, share, since, until: end }: Item, now: number): string {
  const ends = end ? Date.parse(end) : null
  const parts = [
    kind.startsWith('key') ? null : text?.split(' until ')[0],
    share !== null && (kind === 'failures' ? said.failing(share) : said.left(share)),
    since && said.since(when(Date.parse(since), now)),
    ends && (kind.startsWith('key') ? said.anew : said.back)(when(ends, now), until(ends, now)),
  ]
  return parts.filter(Boolean).join(' · ')
}
