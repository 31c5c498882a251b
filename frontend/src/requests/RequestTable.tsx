import { ended } from '../api/outcomes'
import { compact, duration, moment, money, toSecond } from '../lib/format'
import { useNow } from '../lib/now'
import { Private } from '../ui/Private'
import { Status } from '../ui/Status'
import { type Column, Table } from '../ui/Table'
import type { Row } from './tail'
import { texts } from './texts'

const said = texts.columns

type Props = {
  rows: readonly Row[]
  names: Record<string, string>
  selected: string | undefined
  onOpen: (row: Row) => void
}

export function RequestTable({ rows, names, selected, onOpen }: Props) {
  const now = useNow()
  const hasKeys = rows.some(({ apiKeyId }) => apiKeyId !== null)
  const columns: Column<Row>[] = [
    {
      key: 'time',
      header: said.time,
      phone: 'end',
      className: 'whitespace-nowrap',
      cell: ({ requestedAt }) => {
        const at = Date.parse(requestedAt)
        return (
          <time dateTime={requestedAt} title={moment(at)} className="text-muted">
            {toSecond(at, now)}
          </time>
        )
      },
    },
    {
      key: 'outcome',
      header: said.outcome,
      phone: 'start',
      className: 'md:w-[27%] md:max-w-0',
      cell: (row) => <Outcome row={row} />,
    },
    {
      key: 'model',
      header: said.model,
      phone: 'none',
      className: 'w-[31%] max-w-0',
      cell: (row) => <Model row={row} />,
    },
    {
      key: 'account',
      header: said.account,
      phone: 'none',
      className: 'w-[27%] max-w-0',
      cell: ({ accountId }) =>
        accountId && (
          <span className="block truncate">
            <Private>{names[accountId] ?? accountId}</Private>
          </span>
        ),
    },
    {
      key: 'key',
      header: said.key,
      phone: 'none',
      className: 'w-[16%] max-w-0 @max-4xl:hidden',
      cell: (row) => {
        const name = keyName(row, names)
        return (
          <span className="block truncate" title={name ?? undefined}>
            {name}
          </span>
        )
      },
    },
    {
      key: 'client',
      header: said.client,
      phone: 'none',
      className: hasKeys ? '@max-5xl:hidden' : '@max-4xl:hidden',
      cell: ({ useragent, useragentGroup }) => (
        <span className="block max-w-28 truncate" title={useragent ?? undefined}>
          {useragentGroup}
        </span>
      ),
    },
    {
      key: 'line',
      header: said.model,
      phone: 'line',
      className: 'md:hidden',
      cell: (row) => (
        <span className="flex gap-3 text-sm text-muted">
          <span className="min-w-0 grow truncate" title={row.model}>
            {row.model}
            {row.accountId && ' · '}
            {row.accountId && <Private>{names[row.accountId] ?? row.accountId}</Private>}
          </span>
          <span className="shrink-0 tabular">{time(row.latencyMs)}</span>
          <span className="shrink-0 tabular">{cost(row)}</span>
        </span>
      ),
    },
    figure(
      'ttft',
      said.ttft,
      ({ latencyFirstTokenMs }) => time(latencyFirstTokenMs),
      '@max-2xl:hidden',
    ),
    figure('total', said.total, ({ latencyMs }) => time(latencyMs)),
    figure('tokens', said.tokens, tokens, '@max-4xl:hidden'),
    figure('cost', said.cost, cost),
  ]
  return (
    <Table
      label={texts.table}
      columns={hasKeys ? columns : columns.filter(({ key }) => key !== 'key')}
      rows={rows}
      rowKey={({ requestId }) => requestId}
      onOpen={onOpen}
      selected={({ requestId }) => requestId === selected}
      isDense
    />
  )
}

const figure = (
  key: string,
  header: string,
  cell: (row: Row) => string,
  more = '',
): Column<Row> => ({
  key,
  header,
  cell,
  phone: 'none',
  align: 'end',
  className: `whitespace-nowrap ${more}`,
})

const time = (ms: number | null) => (ms === null ? '' : duration(ms))

export const keyName = ({ apiKeyId, apiKeyName }: Row, names: Record<string, string>) =>
  apiKeyName ?? (apiKeyId && (names[apiKeyId] ?? apiKeyId))

export function cost({ costUsd, costEstimated, unpriced }: Row): string {
  if (unpriced) return texts.unpriced
  return costUsd === null ? '' : `${costEstimated ? '~' : ''}${money(costUsd * 1e6)}`
}

const tokens = ({ inputTokens, cachedInputTokens, outputTokens }: Row) =>
  inputTokens === null || outputTokens === null
    ? ''
    : [inputTokens, cachedInputTokens ?? 0, outputTokens].map(compact).join(' / ')

function Model({ row }: { row: Row }) {
  const more = [row.reasoningEffort, row.serviceTier !== 'default' && row.serviceTier]
    .filter(Boolean)
    .join(' ')
  return (
    <span className="block truncate" title={`${row.model} ${more}`}>
      {row.model} <span className="text-muted">{more}</span>
    </span>
  )
}

/** What went wrong stands in a second line. */
function Outcome({ row }: { row: Row }) {
  const [tone, name] = ended(row)
  const why = row.errorMessage ?? row.errorCode
  return (
    <>
      <span className="block min-w-0" title={name}>
        <Status tone={tone} className="max-w-full overflow-hidden">
          {name}
        </Status>
      </span>
      {why && row.outcome !== 'cancelled' && (
        <span className="block truncate text-xs text-muted" title={why}>
          {why}
        </span>
      )}
    </>
  )
}
