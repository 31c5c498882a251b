import { date } from '../lib/format'
import { useNow } from '../lib/now'
import { common } from '../lib/texts'
import { RelativeTime } from '../ui/RelativeTime'
import { Status } from '../ui/Status'
import { type Column, Table } from '../ui/Table'
import { Budgets } from './Budgets'
import { KeyMenu } from './KeyMenu'
import { type Key, stateOf, TONES } from './state'
import { texts } from './texts'

type Props = {
  rows: Key[]
  onOpen: (key: Key) => void
  onDelete: (key: Key) => void
  onRegenerate: (key: Key) => void
}

export function KeyTable({ rows, onOpen, onDelete, onRegenerate }: Props) {
  const now = useNow()
  const columns: Column<Key>[] = [
    {
      key: 'name',
      header: texts.columns.name,
      phone: 'start',
      cell: (key) => (
        <>
          <span className="block max-w-64 truncate font-medium" title={key.name}>
            {key.name}
          </span>
          <span className="block font-mono text-xs text-muted">{key.keyPrefix}…</span>
        </>
      ),
    },
    {
      key: 'state',
      header: texts.columns.state,
      phone: 'end',
      cell: (key) => {
        const state = stateOf(key, now)
        return <Status tone={TONES[state]}>{texts.states[state]}</Status>
      },
    },
    {
      key: 'budget',
      header: texts.columns.budget,
      className: 'md:w-72',
      cell: (key) => <Budgets limits={key.limits} />,
    },
    {
      key: 'served',
      header: texts.columns.served,
      className: 'max-xl:hidden',
      phone: 'none',
      cell: (key) => <Served usage={key.usageSummary} />,
    },
    {
      key: 'used',
      header: texts.columns.used,
      className: 'max-lg:hidden',
      phone: 'none',
      cell: (key) =>
        key.lastUsedAt ? <RelativeTime at={Date.parse(key.lastUsedAt)} /> : common.never,
    },
    {
      key: 'models',
      header: texts.columns.models,
      className: 'max-xl:hidden',
      phone: 'none',
      cell: (key) => (
        <span className="block max-w-40 truncate" title={key.allowedModels?.join(', ')}>
          {key.enforcedModel ?? key.allowedModels?.join(', ') ?? texts.allModels}
        </span>
      ),
    },
    {
      key: 'expires',
      header: texts.columns.expires,
      className: 'max-lg:hidden whitespace-nowrap',
      phone: 'none',
      cell: (key) => (key.expiresAt ? date(Date.parse(key.expiresAt)) : common.never),
    },
    {
      key: 'actions',
      header: texts.columns.actions,
      hideHeader: true,
      align: 'end',
      phone: 'end',
      cell: (key) => (
        <KeyMenu
          target={key}
          onEdit={() => onOpen(key)}
          onDelete={() => onDelete(key)}
          onRegenerate={() => onRegenerate(key)}
        />
      ),
    },
  ]
  return (
    <div className="overflow-clip rounded border border-line bg-card">
      <Table
        label={texts.table}
        columns={columns}
        rows={rows}
        rowKey={(key) => key.id}
        onOpen={onOpen}
      />
    </div>
  )
}

function Served({ usage }: { usage: Key['usageSummary'] }) {
  if (!usage) return <span className="text-muted">{common.none}</span>
  const micros = usage.totalCostUsd * 1_000_000
  return (
    <span className="text-sm">{texts.served(usage.requestCount, usage.totalTokens, micros)}</span>
  )
}
