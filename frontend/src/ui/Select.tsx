import { ChevronDown } from 'lucide-react'
import type { ComponentProps } from 'react'

import { classes } from '../lib/classes'
import { CONTROL } from './Input'

type Props<T extends string> = Omit<ComponentProps<'select'>, 'value' | 'onChange'> & {
  value: T
  options: readonly (readonly [T, string])[] // value, and what it is called
  onChange: (value: T) => void
}

export function Select<T extends string>({
  value,
  options,
  onChange,
  className,
  ...rest
}: Props<T>) {
  return (
    <span className={classes('relative inline-flex', className)}>
      <select
        {...rest}
        value={value}
        onChange={({ target }) => {
          const chosen = options.find(([one]) => one === target.value)
          if (chosen) onChange(chosen[0])
        }}
        className={classes(CONTROL, 'appearance-none pr-7')}
      >
        {options.map(([one, label]) => (
          <option key={one} value={one}>
            {label}
          </option>
        ))}
      </select>
      <ChevronDown
        aria-hidden="true"
        className="pointer-events-none absolute top-1/2 right-2 size-4 -translate-y-1/2 text-muted"
      />
    </span>
  )
}
