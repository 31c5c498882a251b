import type { ReactNode } from 'react'

import { Checkbox } from '../ui/Checkbox'

type Props = {
  label: string
  hint: string
  options: readonly (readonly [string, ReactNode])[] // value, and what it is called
  chosen: readonly string[]
  onChange: (chosen: string[]) => void
}

/** Some of a few. */
export function Choices({ label, hint, options, chosen, onChange }: Props) {
  return (
    <fieldset>
      <legend className="mb-1 font-medium">
        {label} <span className="font-normal text-muted">({hint})</span>
      </legend>
      <div className="grid grid-cols-2 gap-x-3">
        {options.map(([value, name]) => (
          <Checkbox
            key={value}
            label={name}
            checked={chosen.includes(value)}
            onChange={(on) =>
              onChange(on ? [...chosen, value] : chosen.filter((one) => one !== value))
            }
          />
        ))}
      </div>
    </fieldset>
  )
}
