import { Pencil } from 'lucide-react'
import { useState } from 'react'

import { money } from '../lib/format'
import { Badge } from '../ui/Badge'
import { EmptyState } from '../ui/EmptyState'
import { IconButton } from '../ui/IconButton'
import { Status, type Tone } from '../ui/Status'
import { type Column, Table } from '../ui/Table'
import type { Document } from './fields'
import { PriceDialog } from './PriceDialog'
import { texts } from './texts'

const said = texts.models

type Model = Document['models'][number]
type State = keyof typeof said.states

const TONES: Record<State, Tone> = {
  known: 'serving',
  own: 'serving',
  estimated: 'paused',
  unknown: 'low',
}

function stateOf({ rates, own }: Model): State {
  if (!rates) return 'unknown'
  if (own) return 'own'
  return rates.estimated ? 'estimated' : 'known'
}

/** What can be asked for, and what it costs. */
export function Models({ document }: { document: Document }) {
  const { models } = document
  const [priced, setPriced] = useState<Model | null>(null)
  const columns = [...COLUMNS, priceColumn(setPriced)]
  const states = new Set(models.map(stateOf))
  if (models.length === 0) return <EmptyState text={said.none} />
  return (
    <div id="models">
      <h2 className="mb-1 text-lg font-semibold">{said.card}</h2>
      <p className="mb-3 text-muted">{said.intro}</p>
      <div className="overflow-clip rounded border border-line bg-card">
        <Table label={said.card} columns={columns} rows={models} rowKey={({ id }) => id} />
      </div>
      <div className="mt-2 grid gap-1 text-sm text-muted">
        {states.has('estimated') && <p>{said.estimated}</p>}
        {states.has('unknown') && <p>{said.unknown}</p>}
      </div>
      {priced && <PriceDialog document={document} model={priced} onClose={() => setPriced(null)} />}
    </div>
  )
}

const priceColumn = (onPrice: (model: Model) => void): Column<Model> => ({
  key: 'set',
  header: said.set,
  hideHeader: true,
  align: 'end',
  phone: 'end',
  className: 'w-12',
  cell: (model) => (
    <IconButton
      icon={Pencil}
      label={said.setOf(model.name)}
      data-shortcut="."
      tabIndex={-1}
      onClick={() => onPrice(model)}
    />
  ),
})

const rate = (of: 'input' | 'cached' | 'output'): Column<Model> => ({
  key: of,
  header: said.columns[of],
  align: 'end',
  phone: 'none',
  className: 'max-lg:hidden', // there the last column tells them
  cell: ({ rates }) => rates && money(rates[of]),
})

const COLUMNS: readonly Column<Model>[] = [
  {
    key: 'model',
    header: said.columns.model,
    phone: 'start',
    cell: ({ id, name }) => (
      <>
        <span className="block font-medium wrap-anywhere">{name}</span>
        {name !== id && (
          <span className="block font-mono text-xs wrap-anywhere text-muted">{id}</span>
        )}
      </>
    ),
  },
  {
    key: 'plans',
    header: said.columns.plans,
    cell: ({ plans }) => (
      <span className="flex flex-wrap gap-1">
        {plans.length === 0 && <span className="text-muted">{said.anyPlan}</span>}
        {plans.map((plan) => (
          <Badge key={plan}>{plan}</Badge>
        ))}
      </span>
    ),
  },
  rate('input'),
  rate('cached'),
  rate('output'),
  {
    key: 'price',
    header: said.columns.price,
    phone: 'end',
    cell: (model) => {
      const state = stateOf(model)
      return (
        <>
          <Status tone={TONES[state]}>{said.states[state]}</Status>
          {model.rates && (
            <span className="block text-xs whitespace-nowrap text-muted lg:hidden">
              {said.rates(money(model.rates.input), money(model.rates.output))}
            </span>
          )}
        </>
      )
    },
  },
]
