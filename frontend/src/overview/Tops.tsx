import { Link } from 'wouter'

import type { Schema } from '../api/queries'
import { entries } from '../lib/entries'
import { compact, money, percent } from '../lib/format'
import type { Range } from '../lib/range'
import { Card } from '../ui/Card'
import { texts } from './texts'

const said = texts.top

const WORDS = { models: 'model', clients: 'client', keys: 'key' } as const // of the requests' query

type Props = { top: Schema['Tops']; names: Record<string, string>; range: Range }

export function Tops({ top, names, range }: Props) {
  const rest = range === '24h' ? '' : `&range=${range}`
  return (
    <Card title={said.title}>
      <div className="grid grid-cols-1 gap-6 lg:grid-cols-3">
        {entries(said.kinds).map(([kind, title]) => (
          <section key={kind} aria-label={title} className="min-w-0">
            <h3 className="mb-2 text-sm font-medium text-muted">{title}</h3>
            {top[kind].length === 0 && <p className="text-muted">{said.none}</p>}
            <ol className="grid grid-cols-1 gap-2">
              {top[kind].map((one) => (
                <li key={one.key} className="grid grid-cols-1 gap-1">
                  <div className="flex justify-between gap-3">
                    {one.key ? (
                      <Link
                        href={`/requests?q=${encodeURIComponent(`${WORDS[kind]}:${quoted(names[one.key] ?? one.key)}`)}${rest}`}
                        title={names[one.key] ?? one.key}
                        className="min-w-0 truncate rounded text-accent underline"
                      >
                        {names[one.key] ?? one.key}
                      </Link>
                    ) : (
                      <span className="text-muted">{said.nameless}</span>
                    )}
                    <span className="shrink-0 font-medium tabular">{percent(one.share)}</span>
                  </div>
                  <div aria-hidden="true" className="h-1 rounded-full bg-soft">
                    <div
                      className="h-full rounded-full bg-serving"
                      style={{ width: `${one.share * 100}%` }}
                    />
                  </div>
                  <span className="text-xs text-muted tabular">
                    {said.line(one.requests, compact(one.tokens), money(one.costUsd * 1e6))}
                  </span>
                </li>
              ))}
            </ol>
          </section>
        ))}
      </div>
    </Card>
  )
}

const quoted = (word: string) => (/[\s"]/.test(word) ? `"${word}"` : word)
