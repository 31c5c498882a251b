import { Link } from 'wouter'

import { compact, money, number } from '../lib/format'
import { Badge } from '../ui/Badge'
import { Swatch } from '../ui/Bars'
import { Private } from '../ui/Private'
import { type Column, Table } from '../ui/Table'
import { csv, type Group, nameOf } from './figures'
import { texts } from './texts'

type Row = Group & { colour: string }
type Props = { groups: readonly Row[]; by: keyof typeof texts.groups; unpriced: readonly string[] }

const figure = (
  key: string,
  header: string,
  cell: (row: Row) => string,
  phone: 'end' | 'none' = 'none',
): Column<Row> => ({ key, header, cell, phone, align: 'end' })

/** The chart's legend, with all figures. */
export function Breakdown({ groups, by, unpriced }: Props) {
  const columns: Column<Row>[] = [
    {
      key: 'name',
      header: texts.names[by],
      phone: 'start',
      className: 'md:w-full md:max-w-0',
      cell: (row) => (
        <span className="flex min-w-0 items-center gap-2">
          <Swatch colour={row.colour} />
          <span className="min-w-0 truncate" title={by === 'account' ? undefined : nameOf(row)}>
            {by === 'account' ? <Private>{nameOf(row)}</Private> : nameOf(row)}
          </span>
          {row.isUnpriced && <Badge>{texts.unpriced}</Badge>}
        </span>
      ),
    },
    figure('requests', texts.columns.requests, ({ total }) => number(total.requests)),
    figure('errors', texts.columns.errors, ({ total }) => number(total.errors)),
    figure('input', texts.columns.input, ({ total }) => compact(total.inputTokens)),
    figure('cached', texts.columns.cached, ({ total }) => compact(total.cachedTokens)),
    figure('output', texts.columns.output, ({ total }) => compact(total.outputTokens)),
    figure('cost', texts.columns.cost, ({ total }) => money(total.costUsd * 1e6), 'end'),
  ]
  return (
    <section aria-label={texts.table} className="overflow-clip rounded border border-line bg-card">
      <header className="flex min-h-11 items-center justify-between gap-3 border-b border-line px-4">
        <h2 className="text-lg font-semibold">{texts.table}</h2>
        <a
          href={`data:text/csv;charset=utf-8,${encodeURIComponent(csv(groups))}`}
          download={`usage-by-${by}.csv`}
          className="rounded text-accent underline touch:py-3"
        >
          {texts.csv}
        </a>
      </header>
      <Table label={texts.table} columns={columns} rows={groups} rowKey={({ key }) => key} />
      {unpriced.length > 0 && (
        <p className="border-t border-line px-4 py-2 text-sm text-muted">
          {texts.unpricedNote(unpriced.join(', '))}{' '}
          <Link href="/settings/models" className="rounded text-accent underline">
            {texts.setPrice}
          </Link>
        </p>
      )}
    </section>
  )
}
