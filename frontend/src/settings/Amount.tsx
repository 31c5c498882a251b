import { useState } from 'react'

import { Field } from '../ui/Field'
import { Input } from '../ui/Input'
import { type Name, parse, range, typed, type Value } from './fields'
import { SIDE_BY_SIDE } from './Row'
import { texts } from './texts'

type Props = {
  name: Name
  hint: string
  value: Value
  disabled: boolean
  onSave: (value: number) => void
}

/** A number that is saved when one leaves its field or presses Enter. */
export function Amount({ name, hint, value, disabled, onSave }: Props) {
  const [draft, setDraft] = useState<string | null>(null)
  const [wrong, setWrong] = useState(false)

  function leave() {
    if (draft === null) return
    const read = parse(name, draft)
    setWrong(read === null)
    if (read === null) return
    setDraft(null)
    if (draft !== typed(name, value)) onSave(read)
  }

  return (
    <Field
      label={texts.fields[name].label}
      hint={hint}
      error={wrong ? range(name) : null}
      className={SIDE_BY_SIDE}
    >
      {(control) => (
        <Input
          {...control}
          inputMode="decimal"
          autoComplete="off"
          disabled={disabled}
          value={draft ?? typed(name, value)}
          onChange={({ target }) => setDraft(target.value)}
          onBlur={leave}
          onKeyDown={({ key }) => {
            if (key === 'Enter') leave()
            if (key === 'Escape') {
              setDraft(null)
              setWrong(false)
            }
          }}
        />
      )}
    </Field>
  )
}
