import { useState } from 'react'

import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Select } from '../ui/Select'
import { Switch } from '../ui/Switch'
import { Amount } from './Amount'
import { useChange } from './changes'
import {
  changeOf,
  type Document,
  FIELDS,
  idle,
  type Name,
  shortens,
  shown,
  stateOf,
  usualDays,
  type Value,
} from './fields'
import { Row, SIDE_BY_SIDE, SWITCH_AT_END } from './Row'
import { texts } from './texts'
import { Usual } from './Usual'

type Props = { document: Document; name: Name }

/** One setting: what it is for, its control, and how it stands to its default. */
export function SettingRow({ document, name }: Props) {
  const { change, isPending } = useChange()
  const [asked, setAsked] = useState<Value>()
  const state = stateOf(document, name)
  if (!state) return null
  const { control } = FIELDS[name]
  const { label, help } = texts.fields[name]
  const reason = idle(document, name)
  const hint = reason ?? help

  function save(next: Value) {
    if (isPending || next === state?.value) return
    const said = texts.saved(label, shown(name, next))
    change({ changes: changeOf(name, next), before: changeOf(name, state?.value ?? null), said })
  }

  const deletes = (next: Value) =>
    FIELDS[name].section === 'data' && shortens(state.value, next, usualDays(document, name))
  const choose = (next: Value) => (deletes(next) ? setAsked(next) : save(next))

  return (
    <Row id={name}>
      {control.kind === 'switch' && (
        <Switch
          label={label}
          hint={hint}
          checked={state.value === true}
          disabled={reason !== null}
          onChange={save}
          className={SWITCH_AT_END}
        />
      )}
      {control.kind === 'choice' && (
        <Field label={label} hint={hint} className={SIDE_BY_SIDE}>
          {(attributes) => (
            <Select
              {...attributes}
              disabled={reason !== null}
              value={String(state.value)}
              options={withOwn(control.values, state.value).map((value) => [
                String(value),
                value === null ? texts.defaultDays(usualDays(document, name)) : shown(name, value),
              ])}
              onChange={(word) =>
                choose(
                  withOwn(control.values, state.value).find((one) => String(one) === word) ?? null,
                )
              }
            />
          )}
        </Field>
      )}
      {control.kind === 'number' && (
        <Amount
          name={name}
          hint={hint}
          value={state.value}
          disabled={reason !== null}
          onSave={save}
        />
      )}
      <Usual document={document} name={name} onReset={choose} />
      {asked !== undefined && (
        <Dialog
          open
          onClose={() => setAsked(undefined)}
          title={texts.shorten.title}
          description={texts.shorten.text(texts.saved(label, shown(name, asked)))}
          footer={
            <>
              <Button onClick={() => setAsked(undefined)}>{common.cancel}</Button>
              <Button
                look="danger"
                onClick={() => {
                  save(asked)
                  setAsked(undefined)
                }}
              >
                {texts.shorten.confirm}
              </Button>
            </>
          }
        />
      )}
    </Row>
  )
}

/** What is set stands among the choices even if none of them has it. */
const withOwn = (values: readonly Value[], own: Value) =>
  values.includes(own) ? values : [...values, own]
