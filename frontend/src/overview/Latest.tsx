import { Link, useLocation } from 'wouter'

import { ended } from '../api/outcomes'
import type { Schema } from '../api/queries'
import { compact, duration, money } from '../lib/format'
import { Private } from '../ui/Private'
import { RelativeTime } from '../ui/RelativeTime'
import { Status } from '../ui/Status'
import { type Column, Table } from '../ui/Table'
import { texts } from './texts'

const said = texts.latest

type Row = Schema['RequestLogEntry']
type Props = { rows: readonly Row[]; names: Record<string, string> }

export function Latest({ rows, names }: Props) {
  const [, navigate] = useLocation()
  const columns: Column<Row>[] = [
    {
      key: 'outcome',
      header: said.columns.outcome,
      phone: 'start',
      className: 'md:w-[30%] md:max-w-0',
      cell: (row) => <Outcome row={row} />,
    },
    {
      key: 'model',
      header: said.columns.model,
      className: 'md:w-[35%] md:max-w-0',
      cell: ({ model, reasoningEffort }) => (
        <span className="block truncate" title={[model, reasoningEffort].join(' ')}>
          {model} {reasoningEffort && <span className="text-muted">{reasoningEffort}</span>}
        </span>
      ),
    },
    {
      key: 'account',
      header: said.columns.account,
      phone: 'none',
      className: 'w-[35%] max-w-0',
      cell: ({ accountId }) =>
        accountId && (
          <span className="block truncate">
            <Private>{names[accountId] ?? accountId}</Private>
          </span>
        ),
    },
    {
      key: 'time',
      header: said.columns.time,
      phone: 'end',
      cell: ({ requestedAt }) => <RelativeTime at={Date.parse(requestedAt)} />,
    },
    {
      key: 'took',
      header: said.columns.took,
      align: 'end',
      phone: 'none',
      className: 'whitespace-nowrap',
      cell: ({ latencyMs }) => latencyMs !== null && duration(latencyMs),
    },
    {
      key: 'tokens',
      header: said.columns.tokens,
      align: 'end',
      phone: 'none',
      className: 'max-xl:hidden',
      cell: ({ tokens }) => tokens !== null && compact(tokens),
    },
    {
      key: 'cost',
      header: said.columns.cost,
      align: 'end',
      phone: 'none',
      cell: ({ costUsd }) => costUsd !== null && money(costUsd * 1e6),
    },
  ]
  return (
    <section aria-label={said.title} className="overflow-clip rounded border border-line bg-card">
      <header className="flex min-h-11 items-center justify-between gap-3 border-b border-line px-4">
        <h2 className="text-lg font-semibold">{said.title}</h2>
        <Link href="/requests" className="rounded text-accent underline touch:py-3">
          {said.all}
        </Link>
      </header>
      <Table
        label={said.title}
        columns={columns}
        rows={rows}
        rowKey={({ requestId }) => requestId}
        onOpen={({ requestId }) => navigate(`/requests/${requestId}`)}
      />
    </section>
  )
}

function Outcome({ row }: { row: Row }) {
  const [tone, word] = ended(row)
  const whole = row.errorCode ? `${word}: ${row.errorCode}` : word
  return (
    <span className="block min-w-0" title={whole}>
      <Status tone={tone}>{whole}</Status>
    </span>
  )
}
