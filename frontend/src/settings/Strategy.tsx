import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { keys } from '../api/queries'
import { classes } from '../lib/classes'
import { Card } from '../ui/Card'
import { Field } from '../ui/Field'
import { Select } from '../ui/Select'
import { useChange } from './changes'
import {
  type Document,
  idle,
  STRATEGIES,
  shown,
  stateOf,
  strategyOf,
  type Strategy as Way,
} from './fields'
import { Row, SIDE_BY_SIDE } from './Row'
import { Rows } from './Rows'
import { texts } from './texts'
import { Usual } from './Usual'

/** How an account is chosen. The single account is chosen together with its strategy. */
export function Strategy({ document }: { document: Document }) {
  const { change, isPending } = useChange()
  const [wantsSingle, setWantsSingle] = useState(false)
  const { data } = useQuery(keys)
  const set = strategyOf(stateOf(document, 'routingStrategy')?.value ?? null)
  const told = stateOf(document, 'singleAccountId')?.value
  const single = typeof told === 'string' ? told : null
  const chosen = wantsSingle ? 'single_account' : set
  const before = { routingStrategy: set, singleAccountId: single }

  function choose(way: Way) {
    if (isPending) return
    const isWithout = way === 'single_account' && single === null
    setWantsSingle(isWithout)
    if (isWithout || way === set) return
    const said = texts.saved(texts.fields.routingStrategy.label, shown('routingStrategy', way))
    change({ changes: { routingStrategy: way }, before: { routingStrategy: set }, said })
  }

  function chooseAccount(id: string) {
    if (isPending) return
    setWantsSingle(false)
    const changes = { routingStrategy: 'single_account', singleAccountId: id } as const
    change({ changes, before, said: texts.strategies.single_account.label })
  }

  const accounts = (data?.accounts ?? []).map(({ id, label }) => [id, label] as const)
  const isGone = single !== null && data && !accounts.some(([id]) => id === single)
  const none = single === null ? [['', texts.chooseAccount] as const] : []
  const gone = isGone ? [[single, texts.gone] as const] : []

  return (
    <Card title={texts.cards.strategy}>
      <Row id="routingStrategy">
        <fieldset className="min-w-0">
          <legend className="mb-2">
            <span className="block font-medium">{texts.fields.routingStrategy.label}</span>
            <span className="text-sm text-muted">{texts.fields.routingStrategy.help}</span>
          </legend>
          <div className="grid gap-x-4 md:grid-cols-2">
            {STRATEGIES.map(([way, { label, help }]) => (
              <label
                key={way}
                className={classes(
                  'flex cursor-pointer items-start gap-2 rounded p-2',
                  way === chosen ? 'bg-soft' : 'hover:bg-soft',
                )}
              >
                <input
                  type="radio"
                  name="strategy"
                  checked={way === chosen}
                  onChange={() => choose(way)}
                  className="mt-0.5 size-4 shrink-0 accent-accent"
                />
                <span>
                  <span className="block font-medium">{label}</span>
                  <span className="block text-sm text-muted">{help}</span>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
        <Usual
          document={document}
          name="routingStrategy"
          onReset={(usual) => choose(strategyOf(usual))}
        />
      </Row>
      <Row id="singleAccountId">
        <Field
          label={texts.fields.singleAccountId.label}
          hint={
            chosen === 'single_account'
              ? texts.fields.singleAccountId.help
              : idle(document, 'singleAccountId')
          }
          className={SIDE_BY_SIDE}
        >
          {(control) => (
            <Select
              {...control}
              disabled={chosen !== 'single_account'}
              value={single ?? ''}
              options={[...none, ...accounts, ...gone]}
              onChange={(id) => id && chooseAccount(id)}
              className="private"
            />
          )}
        </Field>
      </Row>
      <Rows
        document={document}
        names={[
          'relativeAvailabilityPower',
          'relativeAvailabilityTopK',
          'preferEarlierResetAccounts',
          'preferEarlierResetWindow',
        ]}
      />
    </Card>
  )
}
