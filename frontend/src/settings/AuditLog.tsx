import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { Loaded } from '../api/Loaded'
import { auditLog, type Schema } from '../api/queries'
import { entries } from '../lib/entries'
import { text } from '../lib/search'
import { useParams } from '../lib/useParams'
import { Button } from '../ui/Button'
import { EmptyState } from '../ui/EmptyState'
import { RelativeTime } from '../ui/RelativeTime'
import { Select } from '../ui/Select'
import { type Column, Table } from '../ui/Table'
import { actionName, actorName, detail } from './audit'
import { texts } from './texts'

const said = texts.audit
const PAGE = 50
const MOST = 500 // that the service tells at a time
const PARAMS = { action: text() }
const ACTIONS = [['', said.all] as const, ...entries(said.actions)]

/** What operators did. */
export function AuditLog() {
  const [{ action }, change] = useParams(PARAMS)
  const [limit, setLimit] = useState(PAGE)
  const query = useQuery(auditLog(action, limit))
  const known = ACTIONS.some(([name]) => name === action)
  return (
    <div id="audit">
      <div className="mb-3 flex flex-wrap items-end justify-between gap-3">
        <div>
          <h2 className="mb-1 text-lg font-semibold">{said.card}</h2>
          <p className="text-muted">{said.intro}</p>
        </div>
        <Select
          aria-label={said.filter}
          value={action}
          options={known ? ACTIONS : [...ACTIONS, [action, actionName(action)]]}
          onChange={(next) => change({ action: next })}
          className="w-56"
        />
      </div>
      <Loaded query={query} lines={6}>
        {(rows) =>
          rows.length === 0 ? (
            <EmptyState text={said.none} />
          ) : (
            <>
              <div className="overflow-clip rounded border border-line bg-card">
                <Table
                  label={said.card}
                  columns={COLUMNS}
                  rows={rows}
                  rowKey={({ id }) => String(id)}
                />
              </div>
              {rows.length >= limit && limit < MOST && (
                <Button
                  className="mt-3"
                  busy={query.isPlaceholderData}
                  onClick={() => setLimit(Math.min(MOST, limit * 2))}
                >
                  {said.more}
                </Button>
              )}
            </>
          )
        }
      </Loaded>
    </div>
  )
}

const COLUMNS: readonly Column<Schema['AuditLogResponse']>[] = [
  {
    key: 'when',
    header: said.columns.when,
    phone: 'end',
    className: 'whitespace-nowrap text-muted md:w-32',
    cell: ({ timestamp }) => <RelativeTime at={Date.parse(timestamp)} />,
  },
  {
    key: 'what',
    header: said.columns.what,
    phone: 'start',
    cell: ({ action, target, details }) => (
      <>
        <span className="block font-medium">{actionName(action)}</span>
        <span className="block text-sm break-words text-muted">{detail(target, details)}</span>
      </>
    ),
  },
  {
    key: 'who',
    header: said.columns.who,
    className: 'text-muted md:w-48',
    cell: ({ actor, actorIp }) => actorName(actor, actorIp),
  },
]
