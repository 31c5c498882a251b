import { type FormEvent, useState } from 'react'

import { common } from '../lib/texts'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { useChange } from './changes'
import type { Document } from './fields'
import { KINDS, type Kind, type Own, ownOf, parse, typedOf, withPrice } from './prices'
import { texts } from './texts'

const said = texts.price

type Model = Document['models'][number]
type Props = { document: Document; model: Model; onClose: () => void }

/** What a model costs by the operator's word, instead of by the list. */
export function PriceDialog({ document, model, onClose }: Props) {
  const [typed, setTyped] = useState(typedOf(model.rates))
  const [wrong, setWrong] = useState<readonly Kind[]>([])
  const { change } = useChange()
  const before = ownOf(document)

  function save(rates: Own[string] | null) {
    const after = withPrice(before, model.id, rates)
    change({
      changes: { modelPrices: after },
      before: { modelPrices: before },
      said: (rates ? said.set : said.cleared)(model.name),
    })
    onClose()
  }

  function submit(event: FormEvent) {
    event.preventDefault()
    const [input, cached, output] = KINDS.map((kind) => parse(typed[kind]))
    setWrong(KINDS.filter((kind) => parse(typed[kind]) === null))
    if (input == null || cached == null || output == null) return
    save({ input, cached, output })
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={said.title(model.name)}
      description={said.about}
      footer={
        <>
          {model.own && <Button onClick={() => save(null)}>{said.clear}</Button>}
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="primary" type="submit" form="price-form">
            {common.save}
          </Button>
        </>
      }
    >
      <form id="price-form" noValidate onSubmit={submit} className="grid gap-4 md:grid-cols-3">
        {KINDS.map((kind) => (
          <Field
            key={kind}
            label={texts.models.columns[kind]}
            error={wrong.includes(kind) ? said.wrong : null}
          >
            {(control) => (
              <Input
                {...control}
                inputMode="decimal"
                autoComplete="off"
                value={typed[kind]}
                onChange={({ target }) => setTyped({ ...typed, [kind]: target.value })}
              />
            )}
          </Field>
        ))}
      </form>
    </Dialog>
  )
}
